"""Thresholds and probabilities from images that the networks were not trained on.

The calibration part is split off `train` by source. Real images alone say where `likely_ai` begins:
where at most 1 % of them lie above, at the worst of several sizes and compressions; the
false-alarm rate holds for images like those.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from ntf.degrade import Pixels
from ntf.domain import blockiness, statistics
from ntf.predictor import Look, Predictor
from ntf.strata import HEADLINE, STRATA, Stratum
from ntf.thresholds import choose_thresholds

LOST_TO_GATE = 0.004
# Above all that the web does to images that people still look at; JPEG 5 is half above.
BLOCKINESS_MARGIN = 0.5
# Of calibration images, the share whose branches may lie too far apart to be believed.
DISAGREEING = 0.01

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """Per branch, of the calibration images in one stratum: logits [N] and distances [N].

    `looks` are those that the figures are from, [N].
    """

    logits: dict[str, Floats]
    distances: dict[str, Floats]
    looks: Sequence[Mapping[str, Look]] = ()


Table = Mapping[Stratum, Measured]


def measure_strata(
    predictor: Predictor, images: Sequence[Pixels], at_once: int
) -> dict[Stratum, Measured]:
    """Measure the images in every stratum, some at once, through the graphs that are served."""
    found = {}
    for stratum in STRATA:
        with ThreadPoolExecutor(at_once) as pool:
            looks = pool.map(lambda image, of=stratum: predictor.look(of.apply(image)), images)
            label = f"{stratum.size}, {stratum.quality}"
            rows = list(tqdm(looks, desc=label, total=len(images), mininterval=5))
        names = list(rows[0])
        found[stratum] = Measured(
            {name: np.array([row[name].logit for row in rows]) for name in names},
            {name: np.array([row[name].distance for row in rows]) for name in names},
            rows,
        )
    return found


def fit_scales(
    table: Table, is_ai: NDArray[np.bool_], weights: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """For each branch what its logit and its distance count: its weight over their spread.

    A network that is surer of itself would drown the others, so logits are divided by their
    spread over all images, and distances by theirs over real ones; the latter's shares add up
    to 1, so that their sum is a distance again.
    """
    measured = table[HEADLINE]
    logit = {name: weights[name] / values.std() for name, values in measured.logits.items()}
    distance = {
        name: weights[name] / values[~is_ai].std() for name, values in measured.distances.items()
    }
    total = sum(distance.values())
    return {name: (float(logit[name]), float(distance[name] / total)) for name in logit}


def fit_calibration(
    table: Table, is_ai: NDArray[np.bool_], scales: Mapping[str, tuple[float, float]]
) -> dict[str, Any]:
    """Platt scaling (Platt 1999) over all strata, and real images' distances in each."""
    logits = np.concatenate([sum_logits(measured, scales) for measured in table.values()])
    labels = np.tile(is_ai, len(table))
    model = LogisticRegression(class_weight="balanced").fit(logits[:, None], labels)
    distances: dict[str, list[list[float]]] = {}
    for stratum, measured in table.items():
        total = sum(scales[name][1] * found for name, found in measured.distances.items())
        real = np.sort(np.asarray(total)[~is_ai])
        distances.setdefault(stratum.size, []).append([round(float(x), 5) for x in real])
    return {
        "slope": float(model.coef_[0, 0]),
        "intercept": float(model.intercept_[0]),
        "real_distances": distances,
    }


def find_thresholds(
    table: Table,
    is_ai: NDArray[np.bool_],
    scales: Mapping[str, tuple[float, float]],
    calibration: Mapping[str, Any],
) -> dict[str, float]:
    """`likely_ai_at` and `no_evidence_below` on the calibrated probability, worst strata first."""
    slope, intercept = calibration["slope"], calibration["intercept"]
    scores = [
        1 / (1 + np.exp(-(slope * sum_logits(measured, scales) + intercept)))
        for measured in table.values()
    ]
    return choose_thresholds(
        [score[~is_ai] for score in scores], [score[is_ai] for score in scores]
    )


def fit_disagreement(predictor: Predictor, table: Table) -> float:
    """The limit above which the looks at an image disagree; 1 where there is only one."""
    found = [predictor.disagreement(looks) for looks in table[HEADLINE].looks]
    return float(np.quantile(found, 1 - DISAGREEING)) if max(found) > 0 else 1.0


def fit_gate(graphics: Sequence[Pixels], pictures: Sequence[Pixels]) -> dict[str, Any]:
    """Where the detector's domain ends (`ntf.domain.Gate`).

    Args:
        graphics: screenshots, charts, flat graphics. pictures: photographs and what AI makes of
            them; at most `LOST_TO_GATE` of these may be taken for each of the two reasons.
    """
    images = [*graphics, *pictures]
    values = np.array([statistics(image) for image in images])
    is_graphic = np.arange(len(images)) < len(graphics)
    weights: list[float] = [0.0] * values.shape[1]
    bias, limit = 0.0, float("inf")
    if len(graphics):
        model = LogisticRegression(C=10, class_weight="balanced").fit(values, is_graphic)
        weights, bias = [float(weight) for weight in model.coef_[0]], float(model.intercept_[0])
        scores = values[~is_graphic] @ model.coef_[0] + bias
        # At least even odds: what pictures seldom reach may still be far from any graphic.
        limit = max(0.0, float(np.quantile(scores, 1 - LOST_TO_GATE)))
    blocky = [blockiness(image) for image in pictures]
    return {
        "weights": weights,
        "bias": bias,
        "graphic_above": limit,
        "blockiness_above": float(np.quantile(blocky, 1 - LOST_TO_GATE)) + BLOCKINESS_MARGIN,
    }


def sum_logits(measured: Measured, scales: Mapping[str, tuple[float, float]]) -> Floats:
    """The branches' logits as the predictor adds them up, [N]."""
    parts = [scales[name][0] * found for name, found in measured.logits.items()]
    total: Floats = np.sum(parts, axis=0)
    return total
