"""The list of images to train and measure on: a TSV with one row for each file."""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ntf.errors import ManifestInvalid

COLUMNS = ("file", "split", "label", "source", "family")


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
        raise ManifestInvalid(
            f"There is no manifest at {path}. Set NTF_DATA to the folder that has manifest.tsv."
        ) from error
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


def split_off_calibration(items: Sequence[Item], share: float) -> tuple[list[Item], list[Item]]:
    """Training and calibration items, split by source: a source is in one of them only.

    Which one is decided by a hash of the source's name, so a new source moves no other.
    """
    held = {item.source for item in items if _position(item.source) < share}
    return (
        [item for item in items if item.source not in held],
        [item for item in items if item.source in held],
    )


def _position(source: str) -> float:
    return int.from_bytes(hashlib.sha256(source.encode()).digest()[:4], "big") / 2**32


def hash_manifest(path: Path) -> str:
    """SHA-256 of the manifest file: which data a model was made from."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
