"""Which decisions become labels, and what they weigh. Pure: the standard library alone.

One account cannot move the model: no account stands behind more than half of the labels, and
near-copies of a picture count once. Labels on which the words of people differ are left out, and so
are pictures that are near-copies of the frozen hold-out.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scans.feedback import NEAR_COPY_BITS

MAX_SHARE_OF_ACCOUNT = 0.5
# Of the labels, those that the gate judges by and no training sees.
KEPT_BACK = 1 / 3


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one account said of one picture, and what that counts as.

    Attributes:
        is_decision: said in a review; else it is feedback of a moderator or a proven reader.
    """

    picture: str
    image_sha256: str
    pdq: str | None
    account: str
    says: str
    is_decision: bool = True


@dataclass(frozen=True, slots=True)
class Label:
    """A picture and what people say it is.

    Attributes:
        accounts: who said so.
    """

    picture: str
    image_sha256: str
    pdq: str | None
    is_ai: bool
    accounts: tuple[str, ...]

    @property
    def is_kept_back(self) -> bool:
        """Whether it is for the gate alone: decided by the picture's name, for good."""
        digest = hashlib.sha256(self.picture.encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32 < KEPT_BACK


@dataclass(frozen=True, slots=True)
class Gathered:
    """The labels, and how many pictures were left out and why."""

    labels: tuple[Label, ...]
    left_out: dict[str, int]


def gather(opinions: Sequence[Opinion], holdout_pdqs: Iterable[str]) -> Gathered:
    """From opinions, the oldest first, to labels."""
    left_out: Counter[str] = Counter()
    agreed = []
    by_picture: dict[str, list[Opinion]] = {}
    for opinion in opinions:
        if opinion.says in ("ai", "real"):
            by_picture.setdefault(opinion.picture, []).append(opinion)
    for said in by_picture.values():
        label = agree(said)
        if label is None:
            left_out["people disagree"] += 1
        else:
            agreed.append(label)
    held = [int(pdq, 16) for pdq in holdout_pdqs if pdq]
    kept: list[Label] = []
    seen: list[int] = []
    for label in agreed:
        bits = int(label.pdq, 16) if label.pdq else None
        if bits is not None and is_near_any(bits, held):
            left_out["near-copy of the hold-out"] += 1
        elif bits is not None and is_near_any(bits, seen):
            left_out["near-copy of another label"] += 1
        else:
            kept.append(label)
            seen += [] if bits is None else [bits]
    fair = cap_accounts(kept)
    left_out["account said too much"] = len(kept) - len(fair)
    return Gathered(tuple(fair), {why: count for why, count in left_out.items() if count})


def agree(said: Sequence[Opinion]) -> Label | None:
    """One picture's label; decisions stand over feedback. None where people differ."""
    decisions = [opinion for opinion in said if opinion.is_decision]
    counted = decisions or list(said)
    words = {opinion.says for opinion in counted}
    if len(words) != 1:
        return None
    first = counted[0]
    accounts = tuple(dict.fromkeys(opinion.account for opinion in counted))
    return Label(first.picture, first.image_sha256, first.pdq, first.says == "ai", accounts)


def is_near_any(bits: int, others: Sequence[int]) -> bool:
    """Whether a picture is a near-copy of one of these, by their PDQ hashes."""
    return any((bits ^ other).bit_count() <= NEAR_COPY_BITS for other in others)


def cap_accounts(labels: Sequence[Label]) -> list[Label]:
    """Leave out the newest labels of whoever stands alone behind more than the share allows.

    A label that several accounts agree on is nobody's alone.
    """
    alone = Counter(label.accounts[0] for label in labels if len(label.accounts) == 1)
    shared = sum(len(label.accounts) > 1 for label in labels)
    allowed = dict(alone)
    changed = True
    while changed:
        changed = False
        for account, count in allowed.items():
            others = shared + sum(allowed.values()) - count
            most = int(others * MAX_SHARE_OF_ACCOUNT / (1 - MAX_SHARE_OF_ACCOUNT))
            if count > most:
                allowed[account], changed = most, True
    used: Counter[str] = Counter()
    kept = []
    for label in labels:
        if len(label.accounts) == 1:
            account = label.accounts[0]
            used[account] += 1
            if used[account] > allowed[account]:
                continue
        kept.append(label)
    return kept
