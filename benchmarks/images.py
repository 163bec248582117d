"""Images to measure with: of the folder that `NTF_DATA` names, else of scikit-image."""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ntf.evaluation.conditions import HEADLINE
from ntf.manifest import Item, read_manifest

Pixels = NDArray[np.uint8]


def find_manifest() -> Path | None:
    """The list of images; None where there is none."""
    folder = os.environ.get("NTF_DATA")
    return Path(folder) / "manifest.tsv" if folder else None


def load_images(split: str, count: int) -> list[Pixels]:
    """About as many images [H, W, 3] of a split, of all sources, once through JPEG 90."""
    manifest = find_manifest()
    if manifest is None:
        return [HEADLINE(image) for image in packaged_photographs()]
    items = [item for item in read_manifest(manifest) if item.split == split]
    return [HEADLINE(open_pixels(item.path)) for item in spread_over_sources(items, count)]


def spread_over_sources(items: Sequence[Item], count: int) -> list[Item]:
    """The first items of each source in turns, until there are `count`."""
    by_source: dict[tuple[str, bool], list[Item]] = defaultdict(list)
    for item in items:
        by_source[item.source, item.is_ai].append(item)
    longest = max((len(found) for found in by_source.values()), default=0)
    turns = [found[at] for at in range(longest) for found in by_source.values() if at < len(found)]
    return turns[:count]


def open_pixels(path: Path) -> Pixels:
    """Pixels of a file that we trust."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def packaged_photographs() -> list[Pixels]:
    """The colour photographs of scikit-image that lie in its package."""
    from skimage import data  # noqa: PLC0415  # it is slow to import

    return [data.astronaut(), data.coffee(), data.chelsea()]
