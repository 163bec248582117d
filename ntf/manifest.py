"""The list of images to train and measure on: a TSV with one row for each file."""

import csv
import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ntf.errors import ManifestInvalid

COLUMNS = ("file", "split", "label", "source", "family")
# The family of real images that are no photographs, or are hard to tell: art, scans, screenshots.
HARD = "not_ai"
# Shares of the sources that are kept for calibration, by (is AI-made, is hard).
CALIBRATION_SHARES = {(False, False): 0.4, (False, True): 0.1, (True, False): 0.3, (True, True): 0}
MAX_CALIBRATION_GENERATOR = 60


@dataclass(frozen=True, slots=True)
class Item:
    """One image: where it is, which class, and which source or generator it is from."""

    path: Path
    split: str
    is_ai: bool
    source: str
    family: str


def read_manifest(path: Path) -> list[Item]:
    """Every row of the manifest; files are named from its folder on.

    Raises:
        ManifestInvalid: it is not there, or lacks a column.
    """
    try:
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except OSError as error:
        raise _not_there(path) from error
    missing = set(COLUMNS) - set(rows[0] if rows else ())
    if missing:
        raise ManifestInvalid(f"{path} has no column {', '.join(sorted(missing))}.")
    return [
        Item(
            path.parent / row["file"],
            row["split"],
            row["label"] == "ai",
            row["source"],
            row["family"],
        )
        for row in rows
    ]


def split_off_calibration(items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """Training and calibration items, split by source: a source is in one of them only.

    Thresholds rest on real images, so many sources of photographs are kept back. AI-made images
    only set the slope of the calibrated probability: a few small generators do, and every large
    one stays in training. Which source goes where is decided by a hash of its name, so a new
    source moves no other.
    """
    sizes = Counter((item.source, item.is_ai) for item in items)
    held = {
        (item.source, item.is_ai)
        for item in items
        if _position(item.source) < CALIBRATION_SHARES[item.is_ai, item.family == HARD]
        and not (item.is_ai and sizes[item.source, True] > MAX_CALIBRATION_GENERATOR)
    }
    return (
        [item for item in items if (item.source, item.is_ai) not in held],
        [item for item in items if (item.source, item.is_ai) in held],
    )


def _position(source: str) -> float:
    return int.from_bytes(hashlib.sha256(source.encode()).digest()[:4], "big") / 2**32


def name_in_manifest(item: Item, manifest: Path) -> str:
    """An item's file as its manifest names it."""
    inside = item.path.is_relative_to(manifest.parent)
    return str(item.path.relative_to(manifest.parent) if inside else item.path)


def write_without(manifest: Path, dropped: Collection[str], out: Path) -> int:
    """Write a manifest anew without some files; the number of rows left.

    All columns stay. In another folder than the old one's, files get their whole path.

    Args:
        dropped: files as the manifest names them.
    """
    gone = {manifest.parent / name for name in dropped}
    with manifest.open(newline="") as file:
        reader = csv.DictReader(file, delimiter="\t")
        rows = [row for row in reader if manifest.parent / row["file"] not in gone]
    folder = manifest.parent.resolve()
    if out.resolve().parent != folder:
        rows = [row | {"file": str(folder / row["file"])} for row in rows]
    part = out.with_suffix(".part")
    with part.open("w", newline="") as file:
        writer = csv.DictWriter(file, reader.fieldnames or (), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    part.replace(out)
    return len(rows)


def hash_manifest(path: Path) -> str:
    """SHA-256 of the manifest file: which data a model was made from.

    Raises:
        ManifestInvalid: it is not there.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise _not_there(path) from error


def _not_there(path: Path) -> ManifestInvalid:
    return ManifestInvalid(
        f"There is no manifest at {path}. Set NTF_DATA to the folder that has manifest.tsv."
    )
