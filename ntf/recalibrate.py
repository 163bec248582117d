"""Scores of features under some heads; and probabilities, p-values and thresholds for new heads.

As `ntf/calibrate.py`, over features instead of images and without its libraries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntf.feature_set import FeatureSet
from ntf.heads import Heads
from ntf.thresholds import choose_thresholds

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """Images under some heads: summed logits [N] and distances [N]."""

    logits: Floats
    distances: Floats

    def probabilities(self, calibration: Mapping[str, Any]) -> Floats:
        """Raw scores [N]."""
        found: Floats = 1 / (
            1 + np.exp(-(calibration["slope"] * self.logits + calibration["intercept"]))
        )
        return found


def score(heads: Heads, features: FeatureSet, branch: Mapping[str, Any]) -> Scored:
    """What a detector of one branch with these heads sums up for each image."""
    distances = features.means_by_image(heads.distances(features.hidden))
    return Scored(
        branch["logit_scale"] * heads.logits(features.pooled).astype(np.float64),
        branch["distance_scale"] * distances,
    )


def recalibrate(settings: Mapping[str, Any], heads: Heads, features: FeatureSet) -> dict[str, Any]:
    """A one-branch detector's settings with other heads: calibration and thresholds anew.

    What cannot be known from features stays as it was: the domain's gate, and when looks disagree.

    Args:
        features: the part `calibration`, both classes, each stratum with real images.
    """
    branch = settings["branches"][0] | {"logit_scale": 1.0, "distance_scale": 1.0}
    is_ai = features.is_ai
    plain = score(heads, features, branch)
    branch["logit_scale"] = float(1 / max(plain.logits.std(), 1e-6))
    scored = score(heads, features, branch)
    slope, intercept = fit_platt(scored.logits, is_ai)
    distances: dict[str, list[list[float]]] = {}
    strata = np.array([one.stratum for one in features.described])
    for stratum in dict.fromkeys(strata.tolist()):
        real = np.sort(scored.distances[(strata == stratum) & ~is_ai])
        rows = distances.setdefault(str(stratum).split(",", maxsplit=1)[0], [])
        rows.append([round(float(value), 5) for value in real])
    calibration = {"slope": slope, "intercept": intercept, "real_distances": distances}
    scores = scored.probabilities(calibration)
    found = choose_thresholds(
        [scores[(strata == one) & ~is_ai] for one in dict.fromkeys(strata.tolist())],
        [scores[is_ai]],
    )
    info = settings["info"] | found | {"threshold_version": f"1-{found['likely_ai_at']:.4f}"}
    return dict(settings) | {"branches": [branch], "calibration": calibration, "info": info}


def fit_platt(
    logits: Floats, is_ai: NDArray[np.bool_], penalty: float = 1.0
) -> tuple[float, float]:
    """Slope and intercept of the logistic scaling (Platt 1999), classes weighing the same.

    By Newton's method, with the slope's square under `penalty`, as the library of
    `ntf/calibrate.py` has it.
    """
    count = len(logits)
    weight = np.where(is_ai, count / (2 * is_ai.sum()), count / (2 * (~is_ai).sum()))
    design = np.column_stack([logits, np.ones(count)])
    ridge = np.diag([penalty, 0.0])
    found = np.zeros(2)
    for _ in range(100):
        said = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (weight * (said - is_ai)) + ridge @ found
        bend = (design.T * (weight * np.maximum(said * (1 - said), 1e-9))) @ design + ridge
        step = np.linalg.solve(bend, slope)
        found = found - step
        if np.abs(step).max() < 1e-9:
            break
    return float(found[0]), float(found[1])
