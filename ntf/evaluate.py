"""Figures of a shipped detector on a split that it was not made from, through the predictor.

Both classes are re-encoded alike before they are judged, and every generator is set against
photographs cropped to its own size.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from ntf.degrade import Pixels, recompress, resize
from ntf.manifest import Item
from ntf.predictor import Predictor

Scores = NDArray[np.float64]
HARD_FAMILY = "not_ai"
CONDITIONS: dict[str, Callable[[Pixels], Pixels]] = {
    "JPEG 90": lambda image: recompress(image, 90),
    "as stored": lambda image: image,
    "JPEG 75": lambda image: recompress(image, 75),
    "JPEG 60": lambda image: recompress(image, 60),
    "JPEG 40": lambda image: recompress(image, 40),
    "half size": lambda image: recompress(resize(image, 0.5), 90),
}
HEADLINE = "JPEG 90"


@dataclass(frozen=True, slots=True)
class GeneratorRow:
    """One generator against matched photographs, classes balanced by weight."""

    generator: str
    family: str
    count: int
    ap: float
    auc: float
    accuracy: float
    caught_at_1_percent: float


def score_items(
    predictor: Predictor, images: Sequence[Pixels], condition: Callable[[Pixels], Pixels]
) -> Scores:
    """`raw_score` [N] of the images under one condition."""
    return np.array([predictor.predict([condition(image)])[0].raw_score for image in images])


def compare(fakes: Scores, reals: Scores, threshold: float) -> tuple[float, float, float, float]:
    """AP with classes balanced, AUC, accuracy at the threshold (mean of both classes), and the
    share of fakes above the 99th percentile of the photographs."""
    labels = np.r_[np.ones(len(fakes)), np.zeros(len(reals))]
    scores = np.r_[fakes, reals]
    weights = np.r_[np.full(len(fakes), 1 / len(fakes)), np.full(len(reals), 1 / len(reals))]
    accuracy = ((fakes >= threshold).mean() + (reals < threshold).mean()) / 2
    return (
        float(average_precision_score(labels, scores, sample_weight=weights)),
        float(roc_auc_score(labels, scores)),
        float(accuracy),
        float((fakes > np.quantile(reals, 0.99)).mean()),
    )


def tabulate(
    items: Sequence[Item], scores: Scores, reals: Scores, threshold: float
) -> list[GeneratorRow]:
    """A row for each generator against the photographs' scores that are given."""
    families = {item.source: item.family for item in items if item.is_ai}
    rows = []
    for generator in sorted(families):
        chosen = np.array([item.is_ai and item.source == generator for item in items])
        figures = compare(scores[chosen], reals, threshold)
        rows.append(GeneratorRow(generator, families[generator], int(chosen.sum()), *figures))
    return rows


def evaluate(
    predictor: Predictor, items: Sequence[Item], images: Sequence[Pixels]
) -> dict[str, object]:
    """All figures of one split, ready for JSON."""
    is_photo = np.array([not item.is_ai and item.family != HARD_FAMILY for item in items])
    is_real = np.array([not item.is_ai for item in items])
    threshold = predictor.info.likely_ai_at
    by_condition = {}
    for name, condition in CONDITIONS.items():
        scores = score_items(predictor, images, condition)
        photos = tabulate(items, scores, scores[is_photo], threshold)
        reals = tabulate(items, scores, scores[is_real], threshold)
        by_condition[name] = {
            "mean_ap_photographs": float(np.mean([row.ap for row in photos])),
            "mean_ap_all_reals": float(np.mean([row.ap for row in reals])),
            "caught_at_1_percent": float(np.mean([row.caught_at_1_percent for row in photos])),
            "generators": [asdict(row) for row in photos],
            "false_alarms": false_alarms(items, scores, threshold),
        }
    return {
        "model": asdict(predictor.info),
        "counts": {
            "photographs": int(is_photo.sum()),
            "reals": int(is_real.sum()),
            "ai": int((~is_real).sum()),
        },
        "conditions": by_condition,
    }


def false_alarms(items: Sequence[Item], scores: Scores, threshold: float) -> dict[str, list[int]]:
    """For photographs and each hard kind: [called likely_ai, of how many]."""
    found: dict[str, list[int]] = {}
    for item, score in zip(items, scores, strict=True):
        if not item.is_ai:
            kind = item.source if item.family == HARD_FAMILY else "photographs"
            counts = found.setdefault(kind, [0, 0])
            counts[0] += int(score >= threshold)
            counts[1] += 1
    return dict(sorted(found.items()))
