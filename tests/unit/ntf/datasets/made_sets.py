"""Small image sets in the shapes that public sets have."""

import io
import itertools
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.pictures import as_jpeg, noise

_seeds = itertools.count()


def picture() -> bytes:
    """A small JPEG that no other call gives."""
    return as_jpeg(noise(next(_seeds), 40, 32))


def make_files(folder: Path, names: Iterable[str]) -> None:
    """An image of its own under each name."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture())


def make_shard(path: Path, members: Mapping[str, bytes], mode: str = "w") -> None:
    """A tar with these members."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
