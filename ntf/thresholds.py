"""Where `likely_ai` begins and `no_evidence` ends, from scores of calibration images."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FALSE_ALARMS = 0.01
MISSED_AI = 0.1

Floats = NDArray[np.float64]


def upper_bound(scores: Floats, share: float) -> float:
    """The score that at most `share` of images like these exceed (split conformal quantile).

    The rank is `ceil((n + 1)(1 - share))`, so that the promise holds on average for a new image
    too (Vovk et al. 2005).
    """
    rank = min(len(scores), math.ceil((len(scores) + 1) * (1 - share)))
    return float(np.nextafter(np.sort(scores)[rank - 1], 2))


def choose_thresholds(real: Sequence[Floats], ai: Sequence[Floats]) -> dict[str, float]:
    """`likely_ai_at` and `no_evidence_below` on scores by stratum, worst strata first."""
    likely = max(upper_bound(scores, FALSE_ALARMS) for scores in real)
    missed = min(float(np.quantile(scores, MISSED_AI)) for scores in ai)
    return {"likely_ai_at": likely, "no_evidence_below": min(missed, likely)}
