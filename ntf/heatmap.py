"""The map of distance from the natural traces, laid over the image."""

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Dark blue over violet and orange to pale yellow: light grows with the value, so that it reads
# without colour too.
COLOURS = np.array(
    [[13, 8, 60], [75, 22, 120], [150, 40, 115], [220, 80, 70], [250, 155, 40], [250, 240, 150]]
)
OPACITY = 0.55
# Packing harder takes longer than the detector, for a tenth fewer bytes.
COMPRESSION = 1


def render_heatmap(
    image: NDArray[np.uint8], heatmap: NDArray[np.float32], max_side_px: int = 512
) -> bytes:
    """A PNG of the image [H, W, 3] under its heatmap [h, w] in 0..1.

    Values are spread over this image's own range: the picture shows where, the score how much.
    """
    step = max(1, -(-max(image.shape[:2]) // max_side_px))
    ground = Image.fromarray(np.ascontiguousarray(image[::step, ::step]))
    low, high = float(heatmap.min()), float(heatmap.max())
    spread = np.clip((heatmap - low) / max(high - low, 0.05), 0, 1)
    small = Image.fromarray((spread * 255).round().astype(np.uint8))
    smooth = small.resize(ground.size, Image.Resampling.BICUBIC)
    smooth.putpalette(palette().tobytes())
    file = io.BytesIO()
    laid = Image.blend(ground, smooth.convert("RGB"), OPACITY)
    laid.save(file, "PNG", compress_level=COMPRESSION)
    return file.getvalue()


@cache
def palette() -> NDArray[np.uint8]:
    """The colour of each value 0..255, [256, 3]."""
    values, places = np.linspace(0, 1, 256), np.linspace(0, 1, len(COLOURS))
    channels = [np.interp(values, places, COLOURS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)
