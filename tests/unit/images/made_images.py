"""Small pictures made in memory, with content that shows which way up they are."""

import io
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

pillow_heif.register_heif_opener()

SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "GIF": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 90},
    "TIFF": {},
    "BMP": {},
    "HEIF": {"quality": 95, "chroma": 444},
}


def make_pixels(width: int = 48, height: int = 32) -> NDArray[np.uint8]:
    """Four quarters of four colours: [H, W, 3], red, green over blue, white."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    half_height, half_width = height // 2, width // 2
    pixels[:half_height, :half_width] = (255, 0, 0)
    pixels[:half_height, half_width:] = (0, 255, 0)
    pixels[half_height:, :half_width] = (0, 0, 255)
    pixels[half_height:, half_width:] = (255, 255, 255)
    return pixels


def make_noise(seed: int, width: int = 48, height: int = 32) -> NDArray[np.uint8]:
    """[H, W, 3] of random values."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encode(image: Image.Image | NDArray[np.uint8], format_name: str, **options: Any) -> bytes:
    """Save in memory, with the format's test options unless told otherwise."""
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    out = io.BytesIO()
    picture.save(out, format_name, **{**SAVE_OPTIONS[format_name], **options})
    return out.getvalue()
