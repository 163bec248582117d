"""What a folder holds: image files, members of tar shards, and what is written beside each."""

import json
import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ntf.datasets.shards import SUFFIX, index_members, open_image_bytes
from ntf.errors import LayoutUnclear

IMAGE_SUFFIXES = frozenset(
    f".{name}" for name in ("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "avif")
)
SIDECAR_SUFFIXES = (".json", ".cls")
COMPRESSED_SUFFIXES = (".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True, slots=True)
class Found:
    """An image before anyone has said what it shows.

    Attributes:
        file: its name from the scanned folder on, `a/b.jpg` or `a/0.tar#b.jpg`.
        folders: the folders it lies in, outermost first; a shard's inner folders come last.
        size: of the encoded image, in bytes.
        facts: what its sidecar says (`x.json` or `x.cls` beside `x.jpg`); empty without one.
    """

    file: str
    folders: tuple[str, ...]
    size: int
    facts: Mapping[str, Any]


def scan_folder(folder: Path) -> list[Found]:
    """Every image under a folder, sorted by name. Links are followed; hidden files are not read.

    Raises:
        LayoutUnclear: it is no folder, has no images, or its shards are compressed.
        ShardInvalid: a shard is no whole, plain tar.
    """
    if not folder.is_dir():
        raise LayoutUnclear(f"{folder} is no folder.")
    names = sorted(_walk(folder))
    found = sorted(_files_in(folder, names), key=lambda image: image.file)
    if found:
        return found
    if any(name.lower().endswith(".parquet") for name in names):
        raise LayoutUnclear(
            f"{folder} has Parquet files and no images. Write them as tar shards with a .json "
            "beside each image: docs/datasets.md shows how."
        )
    if any(name.lower().endswith(COMPRESSED_SUFFIXES) for name in names):
        raise LayoutUnclear(
            f"{folder} has compressed shards and no images. They cannot be read from the middle: "
            "decompress them to plain .tar (gunzip, unzstd)."
        )
    raise LayoutUnclear(
        f"No images under {folder}: no file ends in {', '.join(sorted(IMAGE_SUFFIXES))} or .tar."
    )


def _walk(folder: Path) -> Iterator[str]:
    """Names of all files from the folder on."""
    seen: set[str] = set()
    for at, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(at)
        if real in seen:  # a link that leads back up
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not _is_hidden(name)]
        place = Path(at).relative_to(folder)
        yield from ((place / name).as_posix() for name in files if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _files_in(folder: Path, names: list[str]) -> Iterator[Found]:
    present = set(names)
    for name in names:
        if name.endswith(SUFFIX):
            yield from _members_in(folder, name)
        elif _is_image(name):
            stem = posixpath.splitext(name)[0]
            sidecars = [stem + suffix for suffix in SIDECAR_SUFFIXES if stem + suffix in present]
            path = folder / name
            # A link that leads nowhere stays in the list, to be named as unreadable.
            size = path.stat().st_size if path.exists() else 0
            yield Found(name, _folders_of(name), size, _read_facts(folder, sidecars))


def _members_in(folder: Path, shard: str) -> Iterator[Found]:
    members = index_members(folder / shard)
    for member, extent in members.items():
        if _is_image(member) and not any(map(_is_hidden, member.split("/"))):
            stem = posixpath.splitext(member)[0]
            sidecars = [
                f"{shard}#{stem}{suffix}" for suffix in SIDECAR_SUFFIXES if stem + suffix in members
            ]
            yield Found(
                f"{shard}#{member}",
                (*_folders_of(shard), *_folders_of(member)),
                extent.size,
                _read_facts(folder, sidecars),
            )


def _is_image(name: str) -> bool:
    return posixpath.splitext(name)[1].lower() in IMAGE_SUFFIXES


def _folders_of(name: str) -> tuple[str, ...]:
    return tuple(name.split("/")[:-1])


def _read_facts(folder: Path, sidecars: list[str]) -> Mapping[str, Any]:
    facts: dict[str, Any] = {}
    for name in sidecars:
        text = open_image_bytes(folder / name).decode(errors="replace")
        if name.endswith(".cls"):
            facts["label"] = text.strip()
            continue
        try:
            facts |= dict(json.loads(text))
        except (ValueError, TypeError) as error:
            raise LayoutUnclear(f"{folder / name} is no JSON object: {error}.") from error
    return facts
