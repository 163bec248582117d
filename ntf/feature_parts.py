"""Which images of a manifest become replay, calibration and hold-out. Split `train` alone.

What training kept back for calibration becomes calibration and hold-out, by source. It has too few
AI-made images to compare two models by generator, so some of each large generator are held out
that the encoder has seen: there the live model has the advantage, and a candidate has none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ntf.manifest import HARD, Item, split_off_calibration
from ntf.strata import STRATA, Stratum

# A slice of fewer images than this is not compared (`scans/model_gate.py`).
IMAGES_OF_A_SLICE = 52


@dataclass(frozen=True, slots=True)
class PartSizes:
    """How many images each part gets at most, AI-made and real ones."""

    replay: int = 200
    calibration: int = 240
    calibration_ai: int = 60
    holdout_reals: int = 300
    holdout_generators: int = 6


@dataclass(frozen=True, slots=True)
class Chosen:
    """An image, its part, and how it is shown there."""

    item: Item
    part: str
    stratum: Stratum


def choose_parts(items: Sequence[Item], sizes: PartSizes) -> list[Chosen]:
    """The images of all parts; those of calibration once in each stratum.

    Sources take turns, so that none drowns the others.
    """
    trained, kept = split_off_calibration([item for item in items if item.split == "train"])
    ai = [item for item in trained if item.is_ai]
    reals = [item for item in kept if not item.is_ai and item.family != HARD]
    # Every second source, the largest first.
    by_size = [source for source, _ in Counter(item.source for item in reals).most_common()]
    compared = set(by_size[::2])
    held = [
        *_per_source([one for one in reals if one.source in compared], sizes.holdout_reals),
        *_of_large_generators(ai, sizes.holdout_generators),
        *[item for item in kept if item.is_ai][sizes.calibration_ai :],
    ]
    calibrating = [
        *take_turns([one for one in reals if one.source not in compared], sizes.calibration),
        *[item for item in kept if item.is_ai][: sizes.calibration_ai],
    ]
    gone = {item.path for item in held}
    replayed = [
        *take_turns([item for item in ai if item.path not in gone], sizes.replay),
        *take_turns([item for item in trained if not item.is_ai], sizes.replay),
    ]
    return [
        *(Chosen(item, "replay", one) for item, one in _in_turn(replayed)),
        *(Chosen(item, "calibration", one) for one in STRATA for item in calibrating),
        *(Chosen(item, "holdout", one) for item, one in _in_turn(held)),
    ]


def take_turns(items: Iterable[Item], most: int) -> list[Item]:
    """Up to `most` items, one of each source, then another of each, and so on."""
    by_source: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_source[item.source].append(item)
    rounds = max(map(len, by_source.values()), default=0)
    in_turn = [
        found[turn] for turn in range(rounds) for found in by_source.values() if turn < len(found)
    ]
    return in_turn[:most]


def _per_source(items: Sequence[Item], most: int) -> list[Item]:
    """As many of each source as a slice needs, from the first sources on."""
    counts: Counter[str] = Counter()
    found = []
    for item in items:
        counts[item.source] += 1
        if counts[item.source] <= IMAGES_OF_A_SLICE:
            found.append(item)
    return found[:most]


def _of_large_generators(items: Sequence[Item], most: int) -> list[Item]:
    counts = Counter(item.source for item in items)
    large = {source for source, count in counts.most_common(most) if count > IMAGES_OF_A_SLICE}
    found = [item for item in items if item.source in large]
    return _per_source(found, len(large) * IMAGES_OF_A_SLICE)


def _in_turn(items: Sequence[Item]) -> list[tuple[Item, Stratum]]:
    return [(item, STRATA[index % len(STRATA)]) for index, item in enumerate(items)]
