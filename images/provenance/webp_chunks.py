"""Metadata of a WebP, chunk by chunk, up to the end that its head states (RFC 9649, section 2)."""

from images.provenance.blocks import Blocks, take


def walk_webp(content: bytes, blocks: Blocks) -> None:
    """Collect EXIF, XMP and the size of the C2PA chunk. What stands after the RIFF is not read.

    Raises:
        WalkEnded: see `Blocks`.
    """
    end = min(8 + int.from_bytes(take(content, 4, 4), "little"), len(content))
    at = 12
    while at + 8 <= end:
        blocks.step()
        name = content[at : at + 4]
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        if at + 8 + length > end:
            return
        if name == b"EXIF":
            blocks.add_exif(take(content, at + 8, length).removeprefix(b"Exif\0\0"))
        elif name == b"XMP ":
            blocks.add_xmp(take(content, at + 8, length))
        elif name == b"C2PA":
            blocks.c2pa_bytes += length
        at += 8 + length + length % 2
