"""Metadata of a GIF, block by block, up to its trailer (GIF89a, sections 17 to 27)."""

from images.provenance.blocks import MAX_TEXT_BYTES, Blocks, take

_EXTENSION, _IMAGE = 0x21, 0x2C
_COMMENT, _APPLICATION = 0xFE, 0xFF
# ISO 16684-3, 1.1.2: the packet stands in the open, not in sub-blocks; 258 bytes after it lead a
# reader of sub-blocks to their end.
_XMP, _XMP_TRAILER_BYTES = b"XMP DataXMP", 258
_C2PA = b"C2PA_GIF"


def walk_gif(content: bytes, blocks: Blocks) -> None:
    """Collect comments, XMP and the size of the C2PA block.

    Raises:
        WalkEnded: see `Blocks`.
    """
    at = 13 + _table_bytes(take(content, 10, 1)[0])
    while True:
        kind = take(content, at, 1)[0]
        if kind == _EXTENSION:
            at = _read_extension(content, at + 1, blocks)
        elif kind == _IMAGE:
            # Nine bytes of place and size, a colour table perhaps, the size of the first codes.
            at = _end_of_sub_blocks(
                content, at + 11 + _table_bytes(take(content, at + 9, 1)[0]), blocks
            )
        else:
            return


def _table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _read_extension(content: bytes, at: int, blocks: Blocks) -> int:
    """Returns where the next block begins."""
    label = take(content, at, 1)[0]
    start = at + 1
    end = _end_of_sub_blocks(content, start, blocks)
    if label == _COMMENT:
        blocks.add_text("comment", _join(content, start, blocks).decode("utf-8", "replace"))
    elif label == _APPLICATION and content[start] == 11:
        name, data = content[start + 1 : start + 12], start + 12
        if name == _XMP:
            blocks.add_xmp(content[data : end - _XMP_TRAILER_BYTES])
        elif name.startswith(_C2PA):
            blocks.c2pa_bytes += end - data
    return end


def _end_of_sub_blocks(content: bytes, at: int, blocks: Blocks) -> int:
    while length := take(content, at, 1)[0]:
        blocks.step()
        at += 1 + length
    return at + 1


def _join(content: bytes, at: int, blocks: Blocks) -> bytes:
    """What the sub-blocks hold; one byte over the limit is enough to tell that it is too much."""
    parts: list[bytes] = []
    size = 0
    while (length := content[at]) and size <= MAX_TEXT_BYTES:
        blocks.step()
        parts.append(content[at + 1 : at + 1 + length])
        size += length
        at += 1 + length
    return b"".join(parts)
