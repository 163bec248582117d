"""Metadata of a PNG, chunk by chunk, up to IEND (PNG specification, third edition, section 5)."""

import zlib

from images.provenance.blocks import MAX_TEXT_BYTES, Blocks, take

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP_KEYWORD = "XML:com.adobe.xmp"
_WANTED = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf"})


def walk_png(content: bytes, blocks: Blocks) -> None:
    """Collect text chunks, EXIF and XMP where their checksums hold, and the C2PA chunk's size.

    Raises:
        WalkEnded: see `Blocks`.
    """
    at = len(SIGNATURE)
    while True:
        blocks.step()
        head = take(content, at, 8)
        length, name = int.from_bytes(head[:4], "big"), head[4:]
        if name == b"IEND":
            return
        if name == b"caBX":
            # Whatever its checksum says: a store that was changed is for its own reader to judge.
            blocks.c2pa_bytes += length
        elif name in _WANTED:
            data = take(content, at + 8, length)
            checksum = take(content, at + 8 + length, 4)
            if zlib.crc32(data, zlib.crc32(name)).to_bytes(4, "big") == checksum:
                _keep(name, data, blocks)
        at += 12 + length


def _keep(name: bytes, data: bytes, blocks: Blocks) -> None:
    if name == b"eXIf":
        blocks.add_exif(data.removeprefix(b"Exif\0\0"))
    elif name == b"iTXt":
        _keep_international(data, blocks)
    else:
        _keep_latin(data, blocks, is_compressed=name == b"zTXt")


def _keep_latin(data: bytes, blocks: Blocks, *, is_compressed: bool) -> None:
    """`keyword NUL text`; after the NUL of a compressed one stands the method (11.3.3)."""
    keyword, _, text = data.partition(b"\0")
    if is_compressed:
        text = _inflate(text[1:], blocks)
    blocks.add_text(keyword.decode("latin-1"), text.decode("latin-1"))


def _keep_international(data: bytes, blocks: Blocks) -> None:
    """`keyword NUL flag method language NUL translated NUL text`, in UTF-8 (11.3.3.4)."""
    keyword, _, rest = data.partition(b"\0")
    is_compressed = rest[:1] == b"\1"
    _language, _, rest = rest[2:].partition(b"\0")
    _translated, _, text = rest.partition(b"\0")
    if is_compressed:
        text = _inflate(text, blocks)
    name = keyword.decode("latin-1")
    if name == _XMP_KEYWORD:
        blocks.add_xmp(text)
    else:
        blocks.add_text(name, text.decode("utf-8", "replace"))


def _inflate(packed: bytes, blocks: Blocks) -> bytes:
    """At most `MAX_TEXT_BYTES` of it; nothing where it is longer, broken, or one too many."""
    if not blocks.has_room_for_text():
        blocks.left_out.add("generator_text")
        return b""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(packed, MAX_TEXT_BYTES)
    except zlib.error:
        return b""
    if inflater.unconsumed_tail:
        # What was unpacked in vain counts, so that a row of bombs ends too.
        blocks.add_text("", text.decode("latin-1") + "!")
        return b""
    return text
