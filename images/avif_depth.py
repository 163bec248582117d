"""How many bits a channel an AVIF's picture has, which Pillow does not tell. Broken boxes: 8."""

from collections.abc import Iterator

_MAX_BOXES = 4096


def avif_bits(content: bytes) -> int:
    """The depth of the primary item, by its properties (ISO 23008-12, 9.3; AV1-ISOBMFF, 2.3.3).

    A picture of several tiles has the property `pixi` alone, one of a single tile may have `av1C`
    alone.
    """
    top = _boxes(content)
    inside = _boxes(top.get(b"meta", b"")[4:])
    properties = _boxes(inside.get(b"iprp", b""))
    held = list(_each_box(properties.get(b"ipco", b"")))
    numbers = _properties_of(_primary_item(inside.get(b"pitm", b"")), properties.get(b"ipma", b""))
    found = [held[number - 1] for number in numbers if 0 < number <= len(held)]
    return max((_bits_of(name, body) for name, body in found), default=8)


def _bits_of(name: bytes, body: bytes) -> int:
    if name == b"pixi":
        return max(body[5 : 5 + int.from_bytes(body[4:5], "big")], default=8)
    if name == b"av1C" and len(body) > 2:
        is_high, is_twelve = body[2] & 0x40, body[2] & 0x20
        return (12 if is_twelve else 10) if is_high else 8
    return 8


def _primary_item(pitm: bytes) -> int:
    return int.from_bytes(pitm[4:6] if pitm[:1] == b"\0" else pitm[4:8], "big")


def _properties_of(item: int, ipma: bytes) -> list[int]:
    """The numbers of an item's properties; the top bit of each says whether it is essential."""
    id_bytes = 4 if ipma[:1] > b"\0" else 2
    is_wide = int.from_bytes(ipma[3:4], "big") & 1
    width = 2 if is_wide else 1
    at = 8
    for _ in range(min(int.from_bytes(ipma[4:8], "big"), _MAX_BOXES)):
        found = int.from_bytes(ipma[at : at + id_bytes], "big")
        count = int.from_bytes(ipma[at + id_bytes : at + id_bytes + 1], "big")
        at += id_bytes + 1
        if found == item:
            parts = [ipma[at + width * i : at + width * (i + 1)] for i in range(count)]
            return [int.from_bytes(part, "big") & (0x7FFF if is_wide else 0x7F) for part in parts]
        at += count * width
    return []


def _boxes(content: bytes) -> dict[bytes, bytes]:
    """The first box of each name."""
    found: dict[bytes, bytes] = {}
    for name, body in _each_box(content):
        found.setdefault(name, body)
    return found


def _each_box(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents, up to the first box that does not fit (ISO 14496-12, 4.2)."""
    at = 0
    for _ in range(_MAX_BOXES):
        size, head = int.from_bytes(content[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(content) - at
        if size < head or at + size > len(content):
            return
        yield content[at + 4 : at + 8], content[at + head : at + size]
        at += size
