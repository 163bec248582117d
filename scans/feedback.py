"""What an opinion weighs. Pure: the standard library alone.

A moderator's word is a label. A reader's word is a hint that waits in quarantine until moderators'
later decisions have agreed with that reader often enough; so one account cannot move the model by
saying the same thing many times.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

Says = Literal["ai", "real", "unsure"]
Standing = Literal["label", "counted", "quarantined"]

LABELLING_ROLES = ("moderator", "admin")
# Agreement with moderators, as the lower end of its 95 % interval: 10 of 10 pass, 9 of 9 do not.
PROVEN_AGREEMENT = 0.72
# Of each kind, so that always saying the same is no way to be believed.
PROVEN_OF_EACH_KIND = 3
NORMAL_QUANTILE = 1.96
# PDQ's authors take up to 31 of 256 bits as a candidate for the same picture.
NEAR_COPY_BITS = 31
# More than a person looks at with care, and more than chance brings to one picture.
BURST_SECONDS = 3600
BURST_OF_ONE_PERSON = 30
BURST_ON_ONE_PICTURE = 20


@dataclass(frozen=True, slots=True)
class SettledHint:
    """What a reader said of a picture, and what moderators decided afterwards."""

    says: str
    decided: str
    picture: str
    pdq: str | None = None


def choose_standing(role: str, flags: Sequence[str], *, is_proven: bool) -> Standing:
    """What one opinion counts as now. A hint out of a burst stays in quarantine whoever said it."""
    if role in LABELLING_ROLES:
        return "label"
    return "counted" if is_proven and not flags else "quarantined"


def is_proven_reader(history: Iterable[SettledHint]) -> bool:
    """Whether moderators have agreed with this reader often enough, over different pictures."""
    settled = [hint for hint in count_once(history) if _is_decisive(hint)]
    kinds = [sum(hint.decided == kind for hint in settled) for kind in ("ai", "real")]
    if min(kinds) < PROVEN_OF_EACH_KIND:
        return False
    agreed = sum(hint.says == hint.decided for hint in settled)
    return lower_bound(agreed, len(settled)) >= PROVEN_AGREEMENT


def count_once(history: Iterable[SettledHint]) -> list[SettledHint]:
    """The first of each picture: equal pixels and near-copies of one seen before are left out."""
    kept: list[SettledHint] = []
    for hint in history:
        if not any(_is_same_picture(hint, other) for other in kept):
            kept.append(hint)
    return kept


def flag_burst(*, said_by_person: int, said_of_picture: int) -> tuple[str, ...]:
    """What is suspicious of one more opinion, after so many within the last hour."""
    flags = {
        "burst_of_person": said_by_person >= BURST_OF_ONE_PERSON,
        "burst_on_picture": said_of_picture >= BURST_ON_ONE_PICTURE,
    }
    return tuple(flag for flag, is_raised in flags.items() if is_raised)


def lower_bound(agreed: int, count: int) -> float:
    """The lower end of Wilson's 95 % interval of a share (Wilson 1927)."""
    if count == 0:
        return 0.0
    share, z = agreed / count, NORMAL_QUANTILE
    middle = share + z * z / (2 * count)
    spread = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (middle - spread) / (1 + z * z / count)


def _is_decisive(hint: SettledHint) -> bool:
    return hint.says != "unsure" and hint.decided != "unsure"


def _is_same_picture(one: SettledHint, other: SettledHint) -> bool:
    if one.picture == other.picture:
        return True
    if one.pdq is None or other.pdq is None:
        return False
    return (int(one.pdq, 16) ^ int(other.pdq, 16)).bit_count() <= NEAR_COPY_BITS
