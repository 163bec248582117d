"""Images that show the same picture, found by their perceptual hashes.

A copy that crosses splits lets a detector recognise what it should judge. Found are copies at
another size, compression or colour, and images that were made from one another (a generator that
repaints its input). Not found: other cuts of one picture, and mirrored ones.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

HASH_SIDE = 16  # 256 bits: 64, the usual number, gives false pairs among 8,000 images
THUMB_SIDE = 16
# Measured on 8,027 crops: copies differ in 0 to 70 bits, and of 18 million other pairs none in
# fewer than 66. Where both meet, thumbnails decide: those of copies correlate at 0.58 and more.
MAX_DISTANCE_BITS = 70
MIN_CORRELATION = 0.55
# An even surface shows nothing to recognise, and its hash is noise.
MIN_CONTRAST = 2.0
# Of two copies the one in the first of these splits stays: what is measured on stays whole.
SPLITS_THAT_KEEP = ("test", "dev")
_BLOCK = (256, 4096)


class Sketch(NamedTuple):
    """What an image is compared by.

    Attributes:
        bits: the hash, [4] of 64 bits.
        thumb: grey, [16, 16].
    """

    bits: NDArray[np.uint64]
    thumb: NDArray[np.uint8]


class Pair(NamedTuple):
    """Two images, by index, and in how many of 256 bits their hashes differ."""

    first: int
    second: int
    distance: int


def sketch(pixels: NDArray[np.uint8]) -> Sketch:
    """Hash and thumbnail of an image [H, W, 3]."""
    grey = Image.fromarray(pixels).convert("L")
    bits = np.packbits(imagehash.phash(grey, HASH_SIDE).hash).view(np.uint64)
    return Sketch(bits, np.asarray(grey.resize((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX)))


def find_crossing_pairs(sketches: Sequence[Sketch], splits: Sequence[str]) -> list[Pair]:
    """Near-copies of which each is in another split, the closest first.

    Every image is compared with every one of the other splits: 10^9 pairs take about a minute.
    """
    thumbs = np.stack([one.thumb for one in sketches]).astype(np.float32)
    members = defaultdict(list)
    for index, split in enumerate(splits):
        if thumbs[index].std() >= MIN_CONTRAST:
            members[split].append(index)
    bits = np.stack([one.bits for one in sketches])
    pairs = [
        pair
        for one, other in combinations(sorted(members), 2)
        for pair in _close_pairs(bits, np.array(members[one]), np.array(members[other]))
        if correlate(thumbs[pair.first], thumbs[pair.second]) >= MIN_CORRELATION
    ]
    return sorted(pairs, key=lambda pair: (pair.distance, pair.first, pair.second))


def _close_pairs(
    bits: NDArray[np.uint64], ours: NDArray[np.int64], theirs: NDArray[np.int64]
) -> Iterator[Pair]:
    rows, columns = _BLOCK
    for top in range(0, len(ours), rows):
        some = ours[top : top + rows]
        for left in range(0, len(theirs), columns):
            others = theirs[left : left + columns]
            differing = np.bitwise_count(bits[some, None] ^ bits[None, others])
            distances = differing.sum(-1, dtype=np.uint16)
            for row, column in zip(*np.nonzero(distances <= MAX_DISTANCE_BITS), strict=True):
                yield Pair(int(some[row]), int(others[column]), int(distances[row, column]))


def correlate(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Pearson's correlation of two thumbnails; neither may be even."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def choose_dropped(pairs: Sequence[Pair], splits: Sequence[str]) -> set[int]:
    """For each pair the image to leave out: that of `train` goes first, that of `test` last."""
    return {max(pair[:2], key=lambda index: (_rank(splits[index]), index)) for pair in pairs}


def _rank(split: str) -> int:
    """0 stays longest."""
    if split in SPLITS_THAT_KEEP:
        return SPLITS_THAT_KEEP.index(split)
    return len(SPLITS_THAT_KEEP) + (split == "train")
