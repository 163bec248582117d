"""When a person is asked, and what people together decided. Pure: the standard library alone."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

ReviewReason = Literal["appeal", "contradiction", "flagged", "uncertain", "policy", "spot_check"]

DAY_SECONDS = 24 * 3600
# How much later than an appeal made at the same time a review is due.
SECONDS_LATER: dict[ReviewReason, int] = {
    "appeal": 0,
    "contradiction": DAY_SECONDS,
    "flagged": DAY_SECONDS,  # likely AI-made, in another system that asked
    "uncertain": DAY_SECONDS,
    "policy": DAY_SECONDS,
    "spot_check": 2 * DAY_SECONDS,
}
CONFIDENT_LABELS = ("likely_ai", "no_evidence")
# What people must have said for each label to have been wrong.
OPPOSITES = {"likely_ai": "real", "no_evidence": "ai"}
# With so many more votes than needed and still no majority, the honest answer is that.
VOTES_TO_SPARE = 2


def find_reason(
    label: str, *, is_contradicted: bool, check_id: UUID, spot_check_share: float
) -> ReviewReason | None:
    """Why a person should look at this verdict, if one should.

    Spot checks are chosen by the check's random id, so that labels are not of hard cases alone and
    nobody can tell which ones will be looked at.
    """
    if is_contradicted:
        return "contradiction"
    if label == "uncertain":
        return "uncertain"
    if label in CONFIDENT_LABELS and check_id.int % 1_000_000 < spot_check_share * 1_000_000:
        return "spot_check"
    return None


def settle_votes(votes: Sequence[str], votes_needed: int) -> str | None:
    """What is decided once `votes_needed` people said the same; None while more must be asked."""
    if not votes:
        return None
    word, count = Counter(votes).most_common(1)[0]
    if count >= votes_needed:
        return word
    return "unsure" if len(votes) >= votes_needed + VOTES_TO_SPARE else None


def is_reversal(label: str, says: str) -> bool:
    """Whether people decided the opposite of what the detector had said."""
    return OPPOSITES.get(label) == says


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """How far two raters agree beyond chance, -1 to 1 (Cohen 1960); None where chance explains all.

    Each pair holds what the first and the second rater said of one item.
    """
    count = len(pairs)
    if not count:
        return None
    firsts, seconds = (Counter(words) for words in zip(*pairs, strict=True))
    observed = sum(first == second for first, second in pairs) / count
    by_chance = sum(firsts[word] * seconds[word] for word in firsts) / count**2
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)
