"""A cache of twins: for each photograph one file a family, made once.

FOLDER/FAMILY/STEM-KEY.png      KEY: eight digits of the path's hash in the manifest
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from ntf.batches import Decode
from ntf.manifest import Item

# Images [B, 3, H, W] in 0..1 to images of that shape.
Maker = Callable[[Tensor], Tensor]


def make_twins(
    items: Sequence[Item], family: str, maker: Maker, folder: Path, decode: Decode
) -> int:
    """Make what is missing of one family; the number made. Can be stopped and called again."""
    missing = [item for item in items if not twin_path(folder, family, item).exists()]
    (folder / family).mkdir(parents=True, exist_ok=True)
    for item in tqdm(missing, desc=family, mininterval=2):
        pixels = torch.from_numpy(np.array(decode(item.path))).permute(2, 0, 1)
        twin = maker(pixels[None].float() / 255)[0]
        path = twin_path(folder, family, item)
        part = path.with_suffix(".part")
        image = Image.fromarray((twin * 255).round().byte().permute(1, 2, 0).numpy())
        image.save(part, "PNG", compress_level=1)
        part.replace(path)
    return len(missing)


def draw_items(items: Sequence[Item], family: str, most: int | None) -> list[Item]:
    """At most so many of the items, spread over all sources; other ones for each family.

    More of them keep the earlier ones, so twins that were made stay in use.
    """
    return sorted(items, key=lambda item: zlib.crc32(f"{family}/{_place(item)}".encode()))[:most]


def find_twins(items: Sequence[Item], folder: Path) -> Mapping[int, Sequence[Path]]:
    """The twins that a folder has, by the index of their photograph."""
    families = sorted(path.name for path in folder.iterdir() if path.is_dir())
    found = {}
    for index, item in enumerate(items):
        if not item.is_ai:
            paths = [twin_path(folder, family, item) for family in families]
            if existing := [path for path in paths if path.exists()]:
                found[index] = existing
    return found


def twin_path(folder: Path, family: str, item: Item) -> Path:
    """Where a photograph's twin is; the same wherever the data lies on the disk."""
    return folder / family / f"{item.path.stem}-{zlib.crc32(_place(item).encode()):08x}.png"


def _place(item: Item) -> str:
    return "/".join(item.path.parts[-2:])
