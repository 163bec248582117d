"""Whether a canary may go live. Pure: the standard library alone.

In the shadow nobody knows the truth, so this is no second gate. It stops what no hold-out shows: a
candidate that turns verdicts over on this installation's own images, or calls far more of them
likely AI-made.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["wait", "promote", "ask a person"]
OPPOSITES = {("likely_ai", "no_evidence"), ("no_evidence", "likely_ai")}


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What the shadow has shown so far.

    Attributes:
        changes: images whose label differs, by `live to canary`.
        reversals: the share on which the canary says the opposite.
    """

    outcome: Outcome
    images: int
    changes: dict[str, int]
    reversals: float


def weigh_shadow(
    labels: Sequence[tuple[str, str]], *, min_images: int, max_reversals: float
) -> ShadowReport:
    """From pairs of the live model's and the canary's label to what happens next."""
    changes = Counter((live, canary) for live, canary in labels if live != canary)
    opposite = sum(count for pair, count in changes.items() if pair in OPPOSITES)
    reversals = opposite / len(labels) if labels else 0.0
    outcome: Outcome = "promote"
    if len(labels) < min_images:
        outcome = "wait"
    elif reversals > max_reversals:
        outcome = "ask a person"
    named = {f"{live} to {canary}": count for (live, canary), count in sorted(changes.items())}
    return ShadowReport(outcome, len(labels), named, round(reversals, 4))
