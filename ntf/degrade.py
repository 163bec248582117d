"""What the web does to an image, done to both classes alike; and twins that lost their traces."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, JpegImagePlugin

from ntf.datasets.shards import open_image_bytes

Pixels = NDArray[np.uint8]
RESAMPLERS = (
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
    Image.Resampling.BILINEAR,
    Image.Resampling.BOX,
)


def recompress(
    pixels: Pixels, quality: int, name: str = "JPEG", *, subsampling: str = "4:2:0"
) -> Pixels:
    """One round of lossy compression, [H, W, 3] to [H, W, 3]."""
    file = io.BytesIO()
    options = {"subsampling": subsampling} if name == "JPEG" else {}
    Image.fromarray(pixels).save(file, name, quality=quality, **options)
    return np.asarray(Image.open(file).convert("RGB"))


def recompress_like(pixels: Pixels, path: Path) -> Pixels:
    """One round of JPEG with another file's own tables; as they are, where it is no JPEG."""
    with Image.open(io.BytesIO(open_image_bytes(path))) as source:
        tables = getattr(source, "quantization", None)
        if not tables:
            return pixels
        layers = JpegImagePlugin.get_sampling(source)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", qtables=tables, subsampling=max(layers, 0))
    return np.asarray(Image.open(file).convert("RGB"))


def blend(pixels: Pixels, other: Pixels, share: float) -> Pixels:
    """`share` of the first, the rest of the second."""
    mixed = pixels.astype(np.float32) * share + other.astype(np.float32) * (1 - share)
    return mixed.round().astype(np.uint8)


def resize(pixels: Pixels, factor: float, method: int = 0) -> Pixels:
    """Another size, at least 32 px; `method` is an index into `RESAMPLERS`."""
    height, width = pixels.shape[:2]
    size = (max(32, round(width * factor)), max(32, round(height * factor)))
    return np.asarray(Image.fromarray(pixels).resize(size, RESAMPLERS[method]))


def random_window(
    shape: tuple[int, ...], side: int, rng: np.random.Generator
) -> Callable[[Pixels], Pixels]:
    """A cut of [side, side] native pixels, flipped half of the time; small images are mirrored."""
    height, width = shape
    top = int(rng.integers(0, max(height - side, 0) + 1))
    left = int(rng.integers(0, max(width - side, 0) + 1))
    flip = rng.random() < 0.5

    def cut(pixels: Pixels) -> Pixels:
        short = [(0, max(0, side - length)) for length in pixels.shape[:2]]
        if any(missing for _, missing in short):
            pixels = np.pad(pixels, (*short, (0, 0)), mode="symmetric")
        part = pixels[top : top + side, left : left + side]
        return np.ascontiguousarray(part[:, ::-1]) if flip else part

    return cut


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
            sampling = "4:4:4" if rng.random() < 0.3 else "4:2:0"
            pixels = recompress(pixels, int(rng.integers(35, 97)), name, subsampling=sampling)
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
