"""Batches of crops for both stages, drawn so that no source or generator drowns the others.

A batch follows from the seed, the stage, the step and the process alone. So training that was
killed goes on with the batches that it would have had, and two processes share none.
"""

import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ntf.datasets.shards import decode_image
from ntf.degrade import Pixels, blend, degrade, make_twin, random_window, recompress_like, resize
from ntf.manifest import Item
from ntf.preprocess import to_batch

Decode = Callable[[Path], Pixels]
Generator = np.random.Generator
# About 0.2 MB each at 256 px.
MAX_IN_MEMORY = 20_000
RESIZED_SHARE = 0.4
# Of the twins of stage 1, those that a decoder made; the others are resampled or denoised.
DECODED_SHARE = 0.5


def load_pixels(items: Sequence[Item], decode: Decode) -> Sequence[Pixels]:
    """The images' pixels: in memory, or read whenever they are drawn where there are too many."""
    if len(items) > MAX_IN_MEMORY:
        return OnDemand(items, decode)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(decode, (item.path for item in items)))


class OnDemand(Sequence[Pixels]):
    """Pixels of sets that fit in no memory, such as shards of a million images."""

    def __init__(self, items: Sequence[Item], decode: Decode) -> None:
        self._items, self._decode = items, decode

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Pixels: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Pixels]: ...

    def __getitem__(self, index: int | slice) -> Pixels | Sequence[Pixels]:
        if isinstance(index, slice):
            return OnDemand(self._items[index], self._decode)
        return self._decode(self._items[index].path)


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Images to draw from.

    Attributes:
        items, pixels: the images of both classes, in one order.
        twins: for an image's index in `items`, the files of its twins; read when they are drawn.
    """

    items: Sequence[Item]
    pixels: Sequence[Pixels]
    twins: Mapping[int, Sequence[Path]] = field(default_factory=dict)
    decode: Decode = decode_image

    def twin_of(self, index: int, rng: Generator) -> Pixels:
        """One of an image's twins."""
        files = self.twins[index]
        return self.decode(files[int(rng.integers(len(files)))])


class Batches:
    """Draws from one set of images."""

    def __init__(
        self, images: ImageSet, sides: Sequence[int], pairs: int, seed: int, process: int = 0
    ) -> None:
        self.images, self.sides, self.pairs = images, sides, pairs
        self.seed, self.process = seed, process
        items = images.items
        self.reals = self._weights([i for i, item in enumerate(items) if not item.is_ai])
        self.fakes = self._weights([i for i, item in enumerate(items) if item.is_ai])
        self.paired = self._weights(sorted(images.twins)) if images.twins else None

    def _weights(self, chosen: list[int]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Indices and their chances: a source weighs the root of its size."""
        sizes = Counter(self.images.items[i].source for i in chosen)
        weights = np.array([sizes[self.images.items[i].source] ** -0.5 for i in chosen])
        return np.array(chosen), weights / weights.sum()

    def _rng(self, stage: str, step: int) -> Generator:
        return np.random.default_rng([self.seed, zlib.crc32(stage.encode()), step, self.process])

    def views_and_twins(self, step: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Stage 1: two degraded views of `count` photographs, and their twins, [B, 3, S, S]."""
        rng = self._rng("views", step)
        side = int(rng.choice(self.sides))
        first, second, twins = [], [], []
        for index in _draw(self.reals, count, rng):
            photograph = self.images.pixels[index]
            if index in self.images.twins and rng.random() < DECODED_SHARE:
                crop, twin = self._crops([photograph, self.images.twin_of(index, rng)], side, rng)
            else:
                (crop,) = self._crops([photograph], side, rng)
                twin = make_twin(crop, rng)
            first.append(degrade(crop, rng))
            second.append(degrade(crop, rng))
            twins.append(degrade(twin, rng))
        return _tensor(first), _tensor(second), _tensor(twins)

    def labelled(self, step: int, count: int) -> tuple[Tensor, Tensor]:
        """Stage 2: crops [B, 3, S, S] and labels [B], half of them AI-made or decoders' twins."""
        rng = self._rng("labelled", step)
        side = int(rng.choice(self.sides))
        crops: list[Pixels] = []
        labels: list[float] = []
        pairs = self.pairs if self.paired else 0
        for index in _draw(self.paired, pairs, rng) if self.paired else ():
            crops += self._pair(index, side, rng)
            labels += [0.0, 1.0]
        half = count // 2 - pairs
        for index in (*_draw(self.reals, half, rng), *_draw(self.fakes, half, rng)):
            (crop,) = self._crops([self.images.pixels[index]], side, rng)
            crops.append(degrade(crop, rng))
            labels.append(float(self.images.items[index].is_ai))
        return _tensor(crops), torch.tensor(labels)

    def _pair(self, index: int, side: int, rng: Generator) -> list[Pixels]:
        """A photograph and one of its twins under one augmentation: the decoder alone differs."""
        photograph = self.images.pixels[index]
        twin = self.images.twin_of(index, rng)
        if rng.random() < 0.3:
            twin = blend(twin, photograph, rng.uniform(0.3, 0.8))
        if rng.random() < 0.5:
            twin = recompress_like(twin, self.images.items[index].path)
        state = np.random.SeedSequence(int(rng.integers(2**62)))
        return [
            degrade(crop, np.random.default_rng(state))
            for crop in self._crops([photograph, twin], side, rng)
        ]

    def _crops(self, images: Sequence[Pixels], side: int, rng: Generator) -> list[Pixels]:
        """The same window of each image, native or at another size; alike for both classes."""
        if rng.random() < RESIZED_SHARE:
            factor, method = rng.uniform(0.4, 1.3), int(rng.integers(4))
            images = [resize(image, factor, method) for image in images]
        window = random_window(images[0].shape[:2], side, rng)
        return [window(image) for image in images]


def _draw(
    of: tuple[NDArray[np.int64], NDArray[np.float64]], count: int, rng: Generator
) -> list[int]:
    return [int(i) for i in rng.choice(of[0], count, p=of[1])]


def _tensor(crops: list[Pixels]) -> Tensor:
    return torch.from_numpy(to_batch(crops)).to(memory_format=torch.channels_last)
