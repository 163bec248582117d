"""From pixels to what the network sees: crops, never an image made to fit.

Resizing averages the traces away, so an image is looked at through windows of its own pixels; and
through one of its half size besides, since an image may have been enlarged before it came here.
Training and serving both come through here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STRIDE_PX = 32  # of the network's last feature map
MIN_VIEW_PX = 96


@dataclass(frozen=True, slots=True)
class Window:
    """A square of an image, in pixels."""

    top: int
    left: int
    side: int


@dataclass(frozen=True, slots=True)
class View:
    """One size at which an image is looked at: 1 / `shrink` of its own, in some windows."""

    shrink: int
    max_windows: int


def choose_in_view(height: int, width: int, crop_px: int, view: View) -> list[Window]:
    """The view's windows, in its own pixels; none where too little would be left of the image."""
    height, width = height // view.shrink, width // view.shrink
    if view.shrink > 1 and min(height, width) < MIN_VIEW_PX:
        return []
    return choose_windows(height, width, crop_px, view.max_windows)


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
    """Windows in the middle of equal parts: the corners of a picture seldom show its subject."""
    count = min(most, max(1, -(-length // side)))
    middles = [(index + 0.5) * length / count for index in range(count)]
    return [min(max(0, round(middle - side / 2)), max(0, length - side)) for middle in middles]


def cut(image: NDArray[np.uint8], window: Window, shrink: int = 1) -> NDArray[np.uint8]:
    """The window's pixels, [side, side, 3]; mirrored at the edge where the image is smaller.

    At 1 / `shrink` of the size a pixel is the mean of `shrink` x `shrink` others, so the same share
    of every image is lost. Only what the window shows is averaged: a whole picture of 64 megapixels
    would take 400 MB.
    """
    top, left, side = (shrink * length for length in (window.top, window.left, window.side))
    part = image[top : top + side, left : left + side]
    if shrink > 1:
        blocks = part.reshape(window.side, shrink, window.side, shrink, 3)
        part = (blocks.mean((1, 3), dtype=np.float32) + 0.5).astype(np.uint8)
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
