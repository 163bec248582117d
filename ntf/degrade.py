"""What the web does to an image, done to both classes alike; and twins that lost their traces."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]


def recompress(pixels: Pixels, quality: int, name: str = "JPEG") -> Pixels:
    """One round of lossy compression, [H, W, 3] to [H, W, 3]."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, name, quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def resize(pixels: Pixels, factor: float) -> Pixels:
    """Another size by bicubic resampling."""
    height, width = pixels.shape[:2]
    size = (max(32, round(width * factor)), max(32, round(height * factor)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def random_crop(pixels: Pixels, side: int, rng: np.random.Generator) -> Pixels:
    """A window of native pixels; mirrored where the image is smaller."""
    short = [max(0, side - length) for length in pixels.shape[:2]]
    if any(short):
        pixels = np.pad(pixels, ((0, short[0]), (0, short[1]), (0, 0)), mode="symmetric")
    top = rng.integers(0, pixels.shape[0] - side + 1)
    left = rng.integers(0, pixels.shape[1] - side + 1)
    crop = pixels[top : top + side, left : left + side]
    return np.ascontiguousarray(crop[:, ::-1]) if rng.random() < 0.5 else crop


def degrade(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A random chain: blur, noise, one or two rounds of JPEG or WebP; a part stays as it is."""
    if rng.random() < 0.15:
        blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
        pixels = np.asarray(blurred)
    if rng.random() < 0.15:
        noisy = pixels + rng.normal(0, rng.uniform(1, 6), pixels.shape)
        pixels = np.clip(noisy, 0, 255).astype(np.uint8)
    for chance in (0.8, 0.2):
        if rng.random() < chance:
            name = "WEBP" if rng.random() < 0.15 else "JPEG"
            pixels = recompress(pixels, int(rng.integers(45, 97)), name)
    return pixels


def make_twin(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The same photograph without its natural traces: resampled or denoised, not re-encoded."""
    image = Image.fromarray(pixels)
    kind = rng.integers(0, 3)
    if kind == 0:
        factor = rng.uniform(0.45, 0.75)
        size = (round(image.width * factor), round(image.height * factor))
        small = image.resize(size, Image.Resampling.LANCZOS)
        return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC))
    if kind == 1:
        return np.asarray(image.filter(ImageFilter.MedianFilter(int(rng.choice([3, 5])))))
    soft = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.8, 1.6)))
    return np.asarray(soft.filter(ImageFilter.UnsharpMask(2, 120, 2)))
