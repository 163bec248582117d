"""PDQ (Facebook, 2019, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm").

It offers "seen before" candidates to a person, and decides nothing: foreign content over a tenth of
a photograph moves it less than an honest re-encode may. No score is ever shared by it.
"""

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


def pdq_hash(pixels: NDArray[np.uint8]) -> tuple[str, int]:
    """The hash of a picture [H, W, 3] as 64 hexadecimal digits, and its quality, 0 to 100."""
    luma = _small(pixels).astype(np.float32) @ _LUMA  # [h, w]
    for _ in range(_JAROSZ_PASSES):
        for axis in (1, 0):
            luma = _box_filter(luma, axis)
    rows, columns = (
        ((np.arange(_SIDE) + 0.5) * length / _SIDE).astype(int) for length in luma.shape
    )
    grid = luma[rows][:, columns]  # [64, 64]
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


def _box_filter(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """The mean of the neighbours; at an edge, of those that there are."""
    length = values.shape[axis]
    window = (length + 2 * _SIDE - 1) // (2 * _SIDE)
    ends = np.arange(length) + (window + 2) // 2
    first, last = np.clip(ends - window, 0, length), np.clip(ends, 0, length)
    sums = np.cumsum(values, axis=axis, dtype=np.float64)
    sums = np.concatenate([np.zeros_like(sums.take([0], axis)), sums], axis)
    counts = (last - first).reshape((-1, 1) if axis == 0 else (1, -1))
    means = (sums.take(last, axis) - sums.take(first, axis)) / counts
    averaged: NDArray[np.float32] = means.astype(np.float32)
    return averaged


def _quality(grid: NDArray[np.float32]) -> int:
    steps = sum(
        int(np.abs(np.trunc(np.diff(grid, axis=axis) * 100 / 255)).sum()) for axis in (0, 1)
    )
    return min(100, steps // 90)
