"""Thresholds and probabilities from images that the network was not trained on.

The calibration part is split off `train` by source. `likely_ai` begins where at most 1 % of its
photographs lie above, at the worst of several compressions; the false-alarm rate holds for
photographs like those.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ntf.degrade import Pixels, recompress
from ntf.predictor import Predictor

CALIBRATION_SHARE = 0.2
FALSE_ALARMS = 0.01
MISSED_AI = 0.1
# None: as stored. The others: one more round of JPEG at this quality.
STRATA: tuple[int | None, ...] = (None, 90, 75, 50)
HEADLINE = 90

Measured = dict[int | None, tuple[NDArray[np.float64], NDArray[np.float64]]]


def measure_strata(predictor: Predictor, images: Sequence[Pixels]) -> Measured:
    """Logits and distances [N] of the images, for each stratum of compression."""
    found: Measured = {}
    for quality in STRATA:
        pairs = [
            predictor.measure(image if quality is None else recompress(image, quality))
            for image in images
        ]
        columns = np.array(pairs, dtype=np.float64).T
        found[quality] = (columns[0], columns[1])
    return found


def fit_calibration(measured: Measured, is_ai: NDArray[np.bool_]) -> dict[str, Any]:
    """Platt scaling (Platt 1999) over all strata, and the photographs' distances at JPEG 90."""
    logits = np.concatenate([pair[0] for pair in measured.values()])
    labels = np.tile(is_ai, len(measured))
    model = LogisticRegression(class_weight="balanced").fit(logits[:, None], labels)
    distances = np.sort(measured[HEADLINE][1][~is_ai])
    return {
        "slope": float(model.coef_[0, 0]),
        "intercept": float(model.intercept_[0]),
        "real_distances": [round(float(distance), 6) for distance in distances],
    }


def find_thresholds(
    measured: Measured, is_ai: NDArray[np.bool_], calibration: dict[str, Any]
) -> dict[str, float]:
    """`likely_ai_at` and `no_evidence_below` on the calibrated probability."""
    slope, intercept = calibration["slope"], calibration["intercept"]
    scores = {
        quality: 1 / (1 + np.exp(-(slope * pair[0] + intercept)))
        for quality, pair in measured.items()
    }
    likely = max(float(np.quantile(score[~is_ai], 1 - FALSE_ALARMS)) for score in scores.values())
    missed = min(float(np.quantile(score[is_ai], MISSED_AI)) for score in scores.values())
    return {"likely_ai_at": likely, "no_evidence_below": min(missed, likely)}
