"""Pictures that the tests make themselves, and photographs that a package ships."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data


def photograph() -> NDArray[np.uint8]:
    """A real photograph, [512, 512, 3]: NASA's portrait of Eileen Collins, public domain."""
    return np.asarray(data.astronaut())


def noise(seed: int, width: int = 320, height: int = 240) -> NDArray[np.uint8]:
    """An array of its own for each seed, [height, width, 3]: soft colours under noise."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 150, width)[None, :, None] + rng.integers(0, 100, (height, width, 3))
    return ramp.astype(np.uint8)


def as_jpeg(pixels: NDArray[np.uint8], quality: int = 90) -> bytes:
    """A JPEG file of these pixels."""
    return _encode(pixels, "JPEG", quality=quality)


def as_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of these pixels."""
    return _encode(pixels, "PNG")


def _encode(pixels: NDArray[np.uint8], name: str, **options: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, name, **options)
    return file.getvalue()
