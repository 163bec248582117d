"""The tags of a TIFF structure, which EXIF is too: only those asked for, and only where they fit.

TIFF 6.0, section 2; BigTIFF's wider fields. Pillow reads these as well, but all tags at once, and
prints a line for each that is broken: 50,000 in the worst block of a mebibyte and a half.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

MAX_ENTRIES = 4096
MAX_VALUE_BYTES = 2 << 20
# Bytes of one value, by type: BYTE, ASCII, SHORT, LONG, RATIONAL, SBYTE, UNDEFINED, SSHORT, SLONG,
# SRATIONAL, FLOAT, DOUBLE, IFD; LONG8, SLONG8, IFD8.
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_TYPE_BYTES |= {16: 8, 17: 8, 18: 8}


@dataclass(frozen=True, slots=True)
class TiffHead:
    """Byte order, width of the fields, and where the first directory stands."""

    order: Literal["little", "big"]
    is_big: bool
    first_directory: int


@dataclass(frozen=True, slots=True)
class TiffValue:
    """One tag's value: its bytes, at most `MAX_VALUE_BYTES`, and how many it has."""

    data: bytes
    size_bytes: int


def read_head(block: bytes) -> TiffHead | None:
    """The first eight or sixteen bytes; None where this is no TIFF structure."""
    if block[:2] == b"II":
        order: Literal["little", "big"] = "little"
    elif block[:2] == b"MM":
        order = "big"
    else:
        return None
    version = int.from_bytes(block[2:4], order)
    if version == 42 and len(block) >= 8:
        return TiffHead(order, False, int.from_bytes(block[4:8], order))
    if version == 43 and len(block) >= 16:
        return TiffHead(order, True, int.from_bytes(block[8:16], order))
    return None


def read_tags(
    block: bytes, head: TiffHead, directory: int, wanted: Collection[int]
) -> dict[int, TiffValue]:
    """The wanted tags of the directory that stands at `directory`; the first of each counts."""
    count_bytes, entry_bytes, field_bytes = (8, 20, 8) if head.is_big else (2, 12, 4)
    count = int.from_bytes(block[directory : directory + count_bytes], head.order)
    found: dict[int, TiffValue] = {}
    for number in range(min(count, MAX_ENTRIES)):
        at = directory + count_bytes + number * entry_bytes
        entry = block[at : at + entry_bytes]
        if len(entry) < entry_bytes:
            break
        tag = int.from_bytes(entry[:2], head.order)
        if tag not in wanted or tag in found:
            continue
        size = _TYPE_BYTES.get(int.from_bytes(entry[2:4], head.order), 0) * int.from_bytes(
            entry[4 : 4 + field_bytes], head.order
        )
        inline = entry[4 + field_bytes :]
        start = at + 4 + field_bytes if size <= field_bytes else int.from_bytes(inline, head.order)
        if 0 < size <= len(block) - start:
            found[tag] = TiffValue(block[start : start + min(size, MAX_VALUE_BYTES)], size)
    return found
