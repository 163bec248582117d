"""PDQ (Facebook, 2019, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm").

It offers "seen before" candidates to a person, and decides nothing: foreign content over a tenth of
a photograph moves it less than an honest re-encode may. No score is ever shared by it.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Pictures with a lower one have too little in them to be told apart.
MIN_QUALITY = 50
_SIDE = 64
_KEPT_SIDE = 16
_STRIP_ROWS = 64
_ENOUGH_SIDE_PX = 512  # larger pictures are first averaged down, as the reference tools do
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)
_FREQUENCIES = np.arange(1, _KEPT_SIDE + 1)[:, None] * (2 * np.arange(_SIDE) + 1)[None, :]
_DCT = (np.sqrt(2 / _SIDE) * np.cos(np.pi / (2 * _SIDE) * _FREQUENCIES)).astype(np.float32)
_JAROSZ_PASSES = 2
_NOTHING = 1e-9  # what sums of shares leave of zero


def pdq_hash(pixels: NDArray[np.uint8]) -> tuple[str, int]:
    """The hash of a picture [H, W, 3] as 64 hexadecimal digits, and its quality, 0 to 100."""
    small = _small(pixels)  # [h, w, 3]
    height, width, _ = small.shape
    # Along the rows first, for all colours at once: what is left to weigh is [64, w, 3].
    seen = [shares @ small[rows].reshape(len(shares), -1) for rows, shares in _windows(height)]
    luma = np.stack(seen).reshape(_SIDE, width, 3) @ _LUMA
    grid = np.asarray(luma @ _filter_matrix(width).T, np.float32)  # [64, 64]
    spectrum = _DCT @ grid @ _DCT.T  # [16, 16]
    ranked = np.sort(spectrum, axis=None)
    bits = (spectrum > ranked[(ranked.size - 1) // 2]).reshape(-1)
    return np.packbits(bits[::-1]).tobytes().hex(), _quality(grid)


def hamming_distance(first: str, second: str) -> int:
    """How many of the 256 bits differ. PDQ's authors take 31 and fewer for copies."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    factor = min(pixels.shape[:2]) // _ENOUGH_SIDE_PX
    if factor <= 1:
        return pixels
    # In strips: a copy of a whole picture of 64 megapixels would take 256 MB.
    rows = factor * _STRIP_ROWS
    strips = (pixels[top : top + rows] for top in range(0, pixels.shape[0], rows))
    return np.concatenate([np.asarray(Image.fromarray(part).reduce(factor)) for part in strips])


@lru_cache(maxsize=32)
def _filter_matrix(length: int) -> NDArray[np.float32]:
    """What 64 places along a side of `length` see of it after two box filters, [64, length].

    The filters and the choice of places are linear, so along each side they are one matrix; to
    filter the whole picture for 64 x 64 of its pixels took 30 times as long.
    """
    window = (length + 2 * _SIDE - 1) // (2 * _SIDE)
    ends = np.arange(length) + (window + 2) // 2
    # The mean of the neighbours; at an edge, of those that there are.
    first, last = np.clip(ends - window, 0, length), np.clip(ends, 0, length)
    seen = np.zeros((_SIDE, length))
    seen[np.arange(_SIDE), ((np.arange(_SIDE) + 0.5) * length / _SIDE).astype(int)] = 1
    for _ in range(_JAROSZ_PASSES):
        changes = np.zeros((_SIDE, length + 1))
        share = seen / (last - first)
        for where, sign in ((first, 1), (last, -1)):
            np.add.at(changes.T, where, sign * share.T)
        seen = changes.cumsum(axis=1)[:, :length]
    return seen.astype(np.float32)


@lru_cache(maxsize=32)
def _windows(length: int) -> list[tuple[slice, NDArray[np.float32]]]:
    """The same as rows and their shares, for each place: the rest of a side it does not see."""
    matrix = _filter_matrix(length)
    ends = [np.flatnonzero(shares > _NOTHING)[[0, -1]] for shares in matrix]
    parts = [slice(int(first), int(last) + 1) for first, last in ends]
    return [(rows, shares[rows]) for rows, shares in zip(parts, matrix, strict=True)]


def _quality(grid: NDArray[np.float32]) -> int:
    steps = sum(
        int(np.abs(np.trunc(np.diff(grid, axis=axis) * 100 / 255)).sum()) for axis in (0, 1)
    )
    return min(100, steps // 90)
