"""What the gate looks at, from features: candidate and live model on the same images."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ntf.feature_set import FeatureSet
from ntf.heads import Heads
from ntf.recalibrate import score
from scans.model_gate import Evidence, Pair, RegressionAnswer, Said

LABELS_PART = "labels"
SMALL_BELOW_PX = 192


@dataclass(frozen=True, slots=True)
class JudgedModel:
    """A model as far as features need it: heads and settings."""

    heads: Heads
    settings: dict[str, Any]

    def say(self, features: FeatureSet) -> list[Said]:
        """Its answers, [N].

        Doubts are left out: a doubt only ever takes a label back, so a false alarm counted here is
        one or would have been one.
        """
        info = self.settings["info"]
        scored = score(self.heads, features, self.settings["branches"][0])
        found = scored.probabilities(self.settings["calibration"])
        return [Said(float(value), label_of(float(value), info)) for value in found]


def label_of(raw_score: float, info: dict[str, Any]) -> str:
    """The label of a score by a model's thresholds."""
    if raw_score >= info["likely_ai_at"]:
        return "likely_ai"
    return "no_evidence" if raw_score < info["no_evidence_below"] else "uncertain"


def gather_evidence(
    holdout: FeatureSet,
    kept_back: FeatureSet | None,
    cases: Sequence[tuple[str, str, FeatureSet]],
    live: JudgedModel,
    candidate: JudgedModel,
) -> Evidence:
    """Everything that is compared.

    Args:
        cases: review, what people decided, the image's features.
    """
    labels = pair_up(kept_back, live, candidate) if kept_back is not None else []
    compared = pair_up(holdout, live, candidate)
    fresh: dict[str, list[str]] = defaultdict(list)
    for pair, one in zip(compared, holdout.described, strict=True):
        if not pair.is_ai:
            fresh[one.stratum].append(pair.candidate.label)
    for pair in labels:
        if not pair.is_ai:
            fresh[LABELS_PART].append(pair.candidate.label)
    return Evidence(
        compared,
        labels,
        fresh,
        [
            RegressionAnswer(review, expected, candidate.say(features)[0].label)
            for review, expected, features in cases
        ],
    )


def pair_up(features: FeatureSet, live: JudgedModel, candidate: JudgedModel) -> list[Pair]:
    """Both models on each image."""
    return [
        Pair(slices_of(features, index), one.is_ai, before, after)
        for index, (one, before, after) in enumerate(
            zip(features.described, live.say(features), candidate.say(features), strict=True)
        )
    ]


def slices_of(features: FeatureSet, index: int) -> tuple[str, ...]:
    """What an image counts for."""
    one = features.described[index]
    kind = "generator" if one.is_ai else "source"
    what = "AI-made" if one.is_ai else "real"
    size = "small" if features.short_sides_px[index] < SMALL_BELOW_PX else "normal"
    return (
        f"{kind}: {one.source}",
        f"family: {one.family}",
        f"{what}, {one.stratum}",
        f"{what}, size: {size}",
        f"{what}, all",
    )
