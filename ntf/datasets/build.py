"""A manifest of a folder: what is there, less what cannot be read and what is there twice."""

import csv
import hashlib
import io
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from ntf.datasets.layouts import AUTO, Place, place_images
from ntf.datasets.scan import Found, scan_folder
from ntf.datasets.shards import open_image_bytes, split_address
from ntf.errors import LayoutUnclear, NtfError
from ntf.manifest import COLUMNS

# Of equal files the one in the first of these splits stays: what is measured on stays whole.
SPLITS_THAT_KEEP = ("test", "dev")


@dataclass(frozen=True, slots=True)
class Built:
    """The rows of a manifest, and what was left out of them.

    Attributes:
        layout: the layout that was found or given.
        rows: (file, place), sorted by file; files are named from the scanned folder on.
        unreadable: files that no decoder opens.
        repeated: (file, the equal file that stays).
        contradicting: files that are equal to one of the other class; none of them stays.
    """

    layout: str
    rows: Sequence[tuple[str, Place]]
    unreadable: Sequence[str]
    repeated: Sequence[tuple[str, str]]
    contradicting: Sequence[str]


def build_manifest(folder: Path, layout: str = AUTO, split: str | None = None) -> Built:
    """Look through a folder and its tar shards.

    Headers are read, pixels are not decoded: `ntf audit` does that.

    Args:
        split: put every image into this one, whatever the folders say.

    Raises:
        LayoutUnclear: no images, none that can be read, or folders that do not say their class.
        ShardInvalid: a shard is no whole, plain tar.
    """
    images = scan_folder(folder)
    layout, places = place_images(images, folder.resolve().name, layout)
    readable, unreadable = [], []
    for image, place in tqdm(
        zip(images, places, strict=True), total=len(images), desc="read", disable=None
    ):
        if is_readable(folder / image.file):
            readable.append((image, place))
        else:
            unreadable.append(image.file)
    if not readable:
        raise LayoutUnclear(
            f"None of {len(unreadable)} images can be read, such as {unreadable[0]}."
        )
    stays, contradicting = find_equal(folder, readable)
    left_out = stays.keys() | contradicting
    rows = [
        (image.file, Place(split or place.split, place.is_ai, place.source, place.family))
        for image, place in readable
        if image.file not in left_out
    ]
    return Built(layout, rows, unreadable, sorted(stays.items()), sorted(contradicting))


def is_readable(path: Path) -> bool:
    """Whether Pillow knows the header. What is cut short later on is found by the audit."""
    try:
        str(path).encode()  # a name that is no UTF-8 cannot stand in a manifest
        is_file = split_address(path)[1] is None  # of a file Pillow reads the header alone
        with Image.open(path if is_file else io.BytesIO(open_image_bytes(path))):
            return True
    except (OSError, ValueError, SyntaxError, NtfError, Image.DecompressionBombError):
        return False


def find_equal(
    folder: Path, images: Sequence[tuple[Found, Place]]
) -> tuple[dict[str, str], set[str]]:
    """Files with the same bytes: each that goes with the one that stays, and contradictions.

    Only files of one size are compared, so few are read whole.
    """
    sizes = defaultdict(list)
    for image, place in images:
        sizes[image.size].append((image.file, place))
    stays: dict[str, str] = {}
    contradicting: set[str] = set()
    for same_size in sizes.values():
        if len(same_size) == 1:
            continue
        equal = defaultdict(list)
        for file, place in same_size:
            equal[hashlib.sha256(open_image_bytes(folder / file)).digest()].append((file, place))
        for files in equal.values():
            if len({place.is_ai for _, place in files}) == 2:
                contradicting |= {file for file, _ in files}
            else:
                first, *others = sorted(files, key=_keeps)
                stays |= {file: first[0] for file, _ in others}
    return stays, contradicting


def _keeps(named: tuple[str, Place]) -> tuple[int, str]:
    file, place = named
    known = place.split in SPLITS_THAT_KEEP
    return SPLITS_THAT_KEEP.index(place.split) if known else len(SPLITS_THAT_KEEP), file


def write_manifest(rows: Iterable[tuple[str, Place]], folder: Path, out: Path) -> None:
    """Write rows as TSV, whole or not at all.

    Args:
        folder: what the rows' files are named from. Where it lies outside of `out`'s folder, they
            are written with their whole path.
    """
    place_of = Path(os.path.relpath(folder.resolve(), out.resolve().parent))
    base = folder.resolve() if ".." in place_of.parts else place_of
    part = out.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        for name, place in rows:
            label = "ai" if place.is_ai else "real"
            writer.writerow(
                [(base / name).as_posix(), place.split, label, place.source, place.family]
            )
    part.replace(out)
