"""The map of distance from the natural traces, laid over the image."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Dark blue over violet and orange to pale yellow: light grows with the value, so that it reads
# without colour too.
COLOURS = np.array(
    [[13, 8, 60], [75, 22, 120], [150, 40, 115], [220, 80, 70], [250, 155, 40], [250, 240, 150]]
)
OPACITY = 0.55


def render_heatmap(
    image: NDArray[np.uint8], heatmap: NDArray[np.float32], max_side_px: int = 1024
) -> bytes:
    """A PNG of the image [H, W, 3] under its heatmap [h, w] in 0..1.

    Values are spread over this image's own range: the picture shows where, the score how much.
    """
    step = max(1, -(-max(image.shape[:2]) // max_side_px))
    ground = np.ascontiguousarray(image[::step, ::step]).astype(np.float32)
    low, high = float(heatmap.min()), float(heatmap.max())
    spread = (heatmap - low) / max(high - low, 0.05)
    size = (ground.shape[1], ground.shape[0])
    smooth = Image.fromarray(np.ascontiguousarray(spread, dtype=np.float32))
    values = np.clip(np.asarray(smooth.resize(size, Image.Resampling.BICUBIC)), 0, 1)
    laid = (1 - OPACITY) * ground + OPACITY * colour(values)
    file = io.BytesIO()
    Image.fromarray(laid.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def colour(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values [H, W] in 0..1 to RGB [H, W, 3] in 0..255."""
    places = np.linspace(0, 1, len(COLOURS))
    channels = [np.interp(values, places, COLOURS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)
