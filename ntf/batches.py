"""Batches of crops for both stages, drawn so that no source or generator drowns the others."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ntf.degrade import Pixels, degrade, make_twin, random_crop, resize
from ntf.manifest import Item
from ntf.preprocess import to_batch

Decode = Callable[[Path], Pixels]


def decode_with_pillow(path: Path) -> Pixels:
    """RGB pixels of a file that we trust."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def load_pixels(items: Sequence[Item], decode: Decode) -> list[Pixels]:
    """All images in memory: about 0.2 MB each at 256 px."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(decode, (item.path for item in items)))


class Batches:
    """Draws from one set of images; what it draws follows from its seed alone."""

    def __init__(
        self, items: Sequence[Item], pixels: list[Pixels], crop_px: int, seed: int
    ) -> None:
        self.items, self.pixels, self.crop_px = items, pixels, crop_px
        self.rng = np.random.default_rng(seed)
        self.reals = self._weights(is_ai=False)
        self.fakes = self._weights(is_ai=True)

    def _weights(self, *, is_ai: bool) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Indices of one class and their chances: a source weighs the root of its size."""
        chosen = np.array([i for i, item in enumerate(self.items) if item.is_ai == is_ai])
        sizes = Counter(self.items[i].source for i in chosen)
        weights = np.array([sizes[self.items[i].source] ** -0.5 for i in chosen])
        return chosen, weights / weights.sum()

    def _draw(self, of: tuple[NDArray[np.int64], NDArray[np.float64]], count: int) -> list[int]:
        return [int(i) for i in self.rng.choice(of[0], count, p=of[1])]

    def _crop(self, index: int) -> Pixels:
        """A native crop, or one of the image at another size; the same chances for each class."""
        image = self.pixels[index]
        if self.rng.random() < 0.35:
            image = resize(image, self.rng.uniform(0.5, 1.3))
        return random_crop(image, self.crop_px, self.rng)

    def views_and_twins(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Stage 1: two degraded views of `count` photographs, and their twins, [B, 3, S, S]."""
        crops = [self._crop(index) for index in self._draw(self.reals, count)]
        first = [degrade(crop, self.rng) for crop in crops]
        second = [degrade(crop, self.rng) for crop in crops]
        twins = [degrade(make_twin(crop, self.rng), self.rng) for crop in crops]
        return _tensor(first), _tensor(second), _tensor(twins)

    def labelled(self, count: int) -> tuple[Tensor, Tensor]:
        """Stage 2: crops [B, 3, S, S] and labels [B], half of them AI-made."""
        half = count // 2
        drawn = self._draw(self.reals, count - half) + self._draw(self.fakes, half)
        crops = [degrade(self._crop(index), self.rng) for index in drawn]
        labels = torch.tensor([float(self.items[index].is_ai) for index in drawn])
        return _tensor(crops), labels


def _tensor(crops: list[Pixels]) -> Tensor:
    return torch.from_numpy(to_batch(crops)).to(memory_format=torch.channels_last)
