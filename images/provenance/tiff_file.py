"""Metadata of a TIFF file: its first directory is an EXIF block already."""

from images.provenance.blocks import Blocks
from images.provenance.tiff_tags import read_head, read_tags

_XMP_TAG, _C2PA_TAG = 700, 0xCD41


def walk_tiff(content: bytes, blocks: Blocks) -> None:
    """Collect EXIF, XMP (tag 700) and the size of the C2PA store (tag 52545, C2PA 2.2, A.3.5)."""
    head = read_head(content)
    if head is None:
        return
    tags = read_tags(content, head, head.first_directory, {_XMP_TAG, _C2PA_TAG})
    # Not by `add_exif`: its limit is for blocks that lie inside another file.
    blocks.exif.append(content)
    if _XMP_TAG in tags:
        blocks.add_xmp(tags[_XMP_TAG].data)
    if _C2PA_TAG in tags:
        blocks.c2pa_bytes += tags[_C2PA_TAG].size_bytes
