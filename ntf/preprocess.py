"""From pixels to what the network sees: crops at native resolution, never a resize.

Resizing averages the traces away, so an image is looked at through windows of its own pixels.
Training and serving both come through here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STRIDE_PX = 32  # of the network's last feature map


@dataclass(frozen=True, slots=True)
class Window:
    """A square of an image, in pixels."""

    top: int
    left: int
    side: int


def choose_windows(height: int, width: int, crop_px: int, max_windows: int) -> list[Window]:
    """Windows spread evenly over an image [height, width]; at most `max_windows` of them.

    An image smaller than the crop is seen whole, in the largest square that fits.
    """
    side = max(STRIDE_PX, min(crop_px, height, width) // STRIDE_PX * STRIDE_PX)
    per_axis = max(1, int(max_windows**0.5))
    rows = _starts(height, side, per_axis)
    columns = _starts(width, side, max(1, max_windows // len(rows)))
    return [Window(top, left, side) for top in rows for left in columns]


def _starts(length: int, side: int, most: int) -> list[int]:
    count = min(most, max(1, -(-length // side)))
    if count == 1:
        return [max(0, (length - side) // 2)]
    return [round(index * (length - side) / (count - 1)) for index in range(count)]


def cut(image: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
    """The window's pixels, [side, side, 3]; mirrored at the edge where the image is smaller."""
    part = image[window.top : window.top + window.side, window.left : window.left + window.side]
    short = [(0, window.side - length) for length in part.shape[:2]]
    return np.pad(part, (*short, (0, 0)), mode="symmetric") if any(s for _, s in short) else part


def to_batch(crops: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Crops [side, side, 3] of one side to a batch [B, 3, side, side] in 0..1."""
    stacked = np.stack(crops).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(stacked, dtype=np.float32) / np.float32(255)


def coverage_of(windows: list[Window], height: int, width: int) -> float:
    """The share of the pixels that the windows see, 0..1."""
    seen = np.zeros((-(-height // 8), -(-width // 8)), dtype=bool)
    for window in windows:
        bottom, right = window.top + window.side, window.left + window.side
        seen[window.top // 8 : -(-bottom // 8), window.left // 8 : -(-right // 8)] = True
    return float(seen.mean())
