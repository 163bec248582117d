"""Which images are judged at which size, and what each generator is set against.

A generator of small images is set against reals that are cropped to its size: at another size a
detector sees another number of windows, and a share of the ranking would be size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ntf.evaluation.errors import EvaluationImpossible
from ntf.manifest import HARD, Item

Indices = NDArray[np.int64]
PHOTOGRAPHS, REALS, NEW_PHOTOGRAPHS = "photographs", "all reals", "new photographs"
# Few sizes, so that reals need not be judged at every size that some generator happens to have.
SIDES_PX = (64, 96, 128, 192, 256, 384, 512, 768, 1024)
# A real image may be this much smaller than the generator that it is set against.
SMALLEST_MATCH = 0.75


@dataclass(frozen=True, slots=True)
class View:
    """One image as it is judged: cropped at its centre to sides of at most `side_px`."""

    item: Item
    side_px: int
    short_side_px: int  # of the file

    @property
    def is_photograph(self) -> bool:
        """Whether it is a real image and none of the hard kinds."""
        return not self.item.is_ai and self.item.family != HARD

    @property
    def kind(self) -> str:
        """A generator's name, `photographs`, or the hard kind."""
        return PHOTOGRAPHS if self.is_photograph else self.item.source


@dataclass(frozen=True, slots=True)
class Contest:
    """One generator and the reals that match its size.

    Attributes:
        fakes: indices of the plan's views.
        against: for each set of reals that is not empty, indices of the plan's views.
    """

    generator: str
    family: str
    side_px: int
    is_seen: bool
    fakes: Indices
    against: Mapping[str, Indices]


@dataclass(frozen=True)
class Plan:
    """All views of a split, and the names that training has seen.

    Attributes:
        seen: names of sources and generators in the manifest's split `train`.
    """

    views: Sequence[View]
    seen: frozenset[str]

    @cached_property
    def main(self) -> Indices:
        """One view of each image: of reals, the largest."""
        largest = max(view.side_px for view in self.views if not view.item.is_ai)
        return _where([view.item.is_ai or view.side_px == largest for view in self.views])

    @property
    def counts(self) -> dict[str, int]:
        """Images of each class, each counted once."""
        main = [self.views[index] for index in self.main]
        return {
            "ai": sum(view.item.is_ai for view in main),
            "photographs": sum(view.is_photograph for view in main),
            "hard": sum(not view.item.is_ai and not view.is_photograph for view in main),
        }

    @cached_property
    def contests(self) -> list[Contest]:
        """One for each generator, by name."""
        names = sorted({view.item.source for view in self.views if view.item.is_ai})
        return [self._contest(name) for name in names]

    def _contest(self, generator: str) -> Contest:
        fakes = _where([v.item.is_ai and v.item.source == generator for v in self.views])
        first = self.views[fakes[0]]
        smallest = SMALLEST_MATCH * first.side_px
        matched = [
            not view.item.is_ai and view.side_px == first.side_px and view.short_side_px >= smallest
            for view in self.views
        ]
        photographs = [m and v.is_photograph for m, v in zip(matched, self.views, strict=True)]
        new = [
            p and v.item.source not in self.seen
            for p, v in zip(photographs, self.views, strict=True)
        ]
        sets = {PHOTOGRAPHS: photographs, NEW_PHOTOGRAPHS: new, REALS: matched}
        if not any(photographs):
            raise EvaluationImpossible(
                f"No photograph of this split is {first.side_px} px or larger, as the images of "
                f"{generator} are: nothing to set it against."
            )
        return Contest(
            generator,
            first.item.family,
            first.side_px,
            generator in self.seen,
            fakes,
            {name: _where(chosen) for name, chosen in sets.items() if any(chosen)},
        )


def make_plan(items: Sequence[Item], split: str) -> Plan:
    """The views of one split; what the split `train` holds counts as seen.

    Raises:
        EvaluationImpossible: there is no such split, or it has no photographs.
    """
    chosen = [item for item in items if item.split == split]
    if not chosen:
        known = ", ".join(sorted({item.split for item in items}))
        raise EvaluationImpossible(f"The manifest has no split {split!r}; it has {known}.")
    shorts = [_short_side(item) for item in chosen]
    photographs = [
        short
        for item, short in zip(chosen, shorts, strict=True)
        if not item.is_ai and item.family != HARD
    ]
    if not photographs:
        raise EvaluationImpossible(f"The split {split!r} has no photographs to compare with.")
    sides = _sides_of_generators(chosen, shorts, common_side(photographs))
    views = []
    for item, short in zip(chosen, shorts, strict=True):
        for side in [sides[item.source]] if item.is_ai else sorted(set(sides.values())):
            views.append(View(item, side, short))
    return Plan(views, frozenset(item.source for item in items if item.split == "train"))


def _sides_of_generators(
    items: Sequence[Item], shorts: Sequence[int], largest: int
) -> dict[str, int]:
    """The side at which each generator is judged, [px]; the reals' own for a split without AI."""
    found: dict[str, list[int]] = {}
    for item, short in zip(items, shorts, strict=True):
        if item.is_ai:
            found.setdefault(item.source, []).append(short)
    return {name: min(common_side(s), largest) for name, s in found.items()} or {"": largest}


def common_side(shorts: Sequence[int]) -> int:
    """The largest of `SIDES_PX` that most of these images reach, or nearly."""
    typical = median(shorts)
    return max([side for side in SIDES_PX if side <= 1.05 * typical], default=SIDES_PX[0])


def _short_side(item: Item) -> int:
    try:
        with Image.open(item.path) as image:  # reads the header alone
            return min(image.size)
    except OSError as error:
        raise EvaluationImpossible(f"{item.path} cannot be read: {error}") from error


def _where(chosen: Sequence[bool]) -> Indices:
    return np.flatnonzero(np.array(chosen))
