"""Metadata of AVIF and HEIC, box by box (ISO 14496-12, 8.11; ISO 23008-12, annex A)."""

from collections.abc import Iterator
from dataclasses import dataclass

from images.provenance.blocks import MAX_XMP_BYTES, Blocks, WalkEnded, take

_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MAX_ITEMS = 4096
_MAX_ITEMS_READ = 8
_MAX_EXTENTS = 4096


@dataclass(frozen=True, slots=True)
class _Box:
    name: bytes
    start: int
    end: int


def walk_iso_boxes(content: bytes, blocks: Blocks) -> None:
    """Collect the EXIF and XMP items, and the size of the C2PA box.

    Raises:
        WalkEnded: see `Blocks`.
    """
    has_meta = False
    for box in _boxes(content, 0, len(content), blocks):
        if box.name == b"uuid" and content[box.start : box.start + 16] == _C2PA_UUID:
            blocks.c2pa_bytes += box.end - box.start
        elif box.name == b"meta":
            if not has_meta:
                _read_meta(content, box, blocks)
            has_meta = True  # there is at most one (8.11.1)


def _boxes(content: bytes, at: int, end: int, blocks: Blocks) -> Iterator[_Box]:
    """The boxes from `at` to `end` (ISO 14496-12, 4.2); ends at the first that does not fit."""
    while at + 8 <= end:
        blocks.step()
        size, name, head = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(take(content, at + 8, 8), "big"), 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            return
        yield _Box(name, at + head, at + size)
        at += size


def _read_meta(content: bytes, meta: _Box, blocks: Blocks) -> None:
    inside = {box.name: box for box in _boxes(content, meta.start + 4, meta.end, blocks)}
    if not {b"iinf", b"iloc"} <= inside.keys():
        return
    wanted = _read_item_kinds(content, inside[b"iinf"], blocks)
    kinds = dict(wanted)
    for item_id, data in _read_items(content, inside[b"iloc"], inside.get(b"idat"), wanted, blocks):
        if kinds[item_id] == b"Exif":
            # Four bytes say how far it is to the TIFF header (ISO 23008-12, A.2.1).
            offset = 4 + int.from_bytes(data[:4], "big")
            blocks.add_exif(data[offset:])
        else:
            blocks.add_xmp(data)


def _read_item_kinds(content: bytes, iinf: _Box, blocks: Blocks) -> dict[int, bytes]:
    """The items that are EXIF or XMP, by number (8.11.6)."""
    count_bytes = 2 if take(content, iinf.start, 1) == b"\0" else 4
    found: dict[int, bytes] = {}
    for box in _boxes(content, iinf.start + 4 + count_bytes, iinf.end, blocks):
        if len(found) >= _MAX_ITEMS_READ:
            break
        if box.name != b"infe":
            continue
        entry = content[box.start : min(box.end, box.start + 512)]
        id_bytes = 2 if entry[:1] == b"\2" else 4
        item_id = int.from_bytes(entry[4 : 4 + id_bytes], "big")
        kind, rest = entry[6 + id_bytes : 10 + id_bytes], entry[10 + id_bytes :]
        media_type = rest.split(b"\0")[1:2]
        if kind == b"Exif" or (kind == b"mime" and media_type == [b"application/rdf+xml"]):
            found[item_id] = kind
    return found


def _read_items(
    content: bytes, iloc: _Box, idat: _Box | None, wanted: dict[int, bytes], blocks: Blocks
) -> Iterator[tuple[int, bytes]]:
    """The bytes of the wanted items (8.11.3): parts of the file, or of the `idat` box."""
    version = take(content, iloc.start, 1)[0]
    sizes = int.from_bytes(take(content, iloc.start + 4, 2), "big")
    offset_bytes, length_bytes, base_bytes = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_bytes = sizes & 15 if version in {1, 2} else 0
    id_bytes = 4 if version == 2 else 2
    numbers = _Numbers(content, iloc.start + 6, iloc.end)
    for _ in range(min(numbers.read(id_bytes), _MAX_ITEMS)):
        blocks.step()
        item_id = numbers.read(id_bytes)
        method = numbers.read(2) & 15 if version in {1, 2} else 0
        numbers.read(2)  # which file: this one
        base = numbers.read(base_bytes)
        parts: list[bytes] = []
        size = 0
        for _ in range(min(numbers.read(2), _MAX_EXTENTS)):
            blocks.step()
            numbers.read(index_bytes)
            offset, length = numbers.read(offset_bytes), numbers.read(length_bytes)
            if item_id in wanted and size <= MAX_XMP_BYTES:
                parts.append(_part(content, method, idat, base + offset, length))
                size += len(parts[-1])
        if parts:
            del wanted[item_id]  # a number that is there twice is read once
            yield item_id, b"".join(parts)


def _part(content: bytes, method: int, idat: _Box | None, offset: int, length: int) -> bytes:
    if method == 0:
        return take(content, offset, min(length, MAX_XMP_BYTES + 1))
    if method == 1 and idat is not None and offset + length <= idat.end - idat.start:
        return take(content, idat.start + offset, min(length, MAX_XMP_BYTES + 1))
    raise WalkEnded


@dataclass
class _Numbers:
    """Big-endian numbers, one after the other."""

    content: bytes
    at: int
    end: int

    def read(self, size: int) -> int:
        if self.at + size > self.end:
            raise WalkEnded
        number = int.from_bytes(self.content[self.at : self.at + size], "big")
        self.at += size
        return number
