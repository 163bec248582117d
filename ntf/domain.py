"""Whether an image is of the kind that the detector can judge at all.

Flat graphics, charts and screenshots have no natural traces and no generator's either; an image
that heavy compression has flattened has lost both. An answer about them would be made up.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ntf.preprocess import choose_windows, cut

Outside = Literal["flat_graphic", "destroyed"]
BLOCK_PX = 8
WINDOW_PX, MAX_WINDOWS = 256, 4
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
NAMES = ("flat_blocks", "four_colours", "colours", "hard_edges", "soft_edges")


@dataclass(frozen=True, slots=True)
class Gate:
    """Where the detector's domain ends; fitted to images, kept beside the weights.

    Attributes:
        weights, bias: of `statistics`, a logistic score of being a flat graphic.
        graphic_above: scores above this are flat graphics.
        blockiness_above: steps at the 8 px grid over those inside it; above this is destroyed.
    """

    weights: tuple[float, ...]
    bias: float
    graphic_above: float
    blockiness_above: float

    def find(self, image: NDArray[np.uint8]) -> Outside | None:
        """What puts an image outside, if anything; in windows, since figures change with size."""
        height, width = image.shape[:2]
        windows = choose_windows(height, width, WINDOW_PX, MAX_WINDOWS)
        crops = [cut(image, window) for window in windows]
        values = np.mean([statistics(crop) for crop in crops], axis=0)
        if float(values @ np.array(self.weights)) + self.bias > self.graphic_above:
            return "flat_graphic"
        if float(np.mean([blockiness(crop) for crop in crops])) > self.blockiness_above:
            return "destroyed"
        return None


def statistics(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Five figures of an image [H, W, 3], each 0..1, in the order of `NAMES`.

    Shares of: blocks of 8 px that have one tone; pixels in the four commonest of 4,096 colours;
    colours in use, on a log scale; neighbours more than 60 levels apart; 3 to 40 levels apart.
    """
    luma = pixels.astype(np.float32) @ LUMA
    rows, columns = (length // BLOCK_PX for length in luma.shape)
    whole = luma[: rows * BLOCK_PX, : columns * BLOCK_PX]
    blocks = whole.reshape(rows, BLOCK_PX, columns, BLOCK_PX)
    ranges = blocks.max((1, 3)) - blocks.min((1, 3))
    coarse = (pixels // 16).astype(np.int32)
    codes = coarse[..., 0] * 256 + coarse[..., 1] * 16 + coarse[..., 2]
    counts = np.sort(np.bincount(codes.ravel(), minlength=4096))[::-1]
    steps = np.abs(np.diff(luma, axis=1))
    return np.array(
        [
            (ranges <= 3).mean(),
            counts[:4].sum() / codes.size,
            np.log(max(1, (counts > 0).sum())) / np.log(4096),
            (steps > 60).mean(),
            ((steps > 3) & (steps < 40)).mean(),
        ],
        dtype=np.float64,
    )


def blockiness(pixels: NDArray[np.uint8]) -> float:
    """Mean step across the borders of the 8 px grid over the mean step inside it, over both axes.

    JPEG at quality 10 and below leaves little else than those borders. The grid is looked for at
    every offset, since crops and resized copies move it.
    """
    luma = pixels.astype(np.float32) @ LUMA
    found = []
    for axis in (0, 1):
        steps = np.abs(np.diff(luma, axis=axis)).mean(1 - axis)
        at = np.array([steps[offset::BLOCK_PX].mean() for offset in range(BLOCK_PX)])
        best = int(at.argmax())
        inside = np.delete(at, best).mean()
        found.append(at[best] / (inside + 0.25))
    return float(np.mean(found))
