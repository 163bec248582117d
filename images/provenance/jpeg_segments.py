"""Metadata of a JPEG, segment by segment, up to the first scan (ITU-T T.81, annex B)."""

from images.provenance.blocks import Blocks, take

_START_OF_SCAN, _END_OF_IMAGE, _COMMENT = 0xDA, 0xD9, 0xFE
_APP1, _APP11 = 0xE1, 0xEB
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"


def walk_jpeg(content: bytes, blocks: Blocks) -> None:
    """Collect EXIF, XMP, comments, and the size of C2PA's APP11 segments.

    XMP that is spread over several segments (ISO 16684-3, 1.1.3.1) is read from its first one, in
    which the properties that count here stand.

    Raises:
        WalkEnded: see `Blocks`.
    """
    at = 2
    while True:
        blocks.step()
        if take(content, at, 1) != b"\xff":
            return
        marker = take(content, at + 1, 1)[0]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in _WITHOUT_LENGTH:
            at += 2
            continue
        if marker in {_START_OF_SCAN, _END_OF_IMAGE}:
            return
        length = int.from_bytes(take(content, at + 2, 2), "big")
        if length < 2:
            return
        if marker in {_APP1, _APP11, _COMMENT}:
            _keep(marker, take(content, at + 4, length - 2), blocks)
        at += 2 + length


def _keep(marker: int, data: bytes, blocks: Blocks) -> None:
    if marker == _COMMENT:
        blocks.add_text("comment", data.decode("utf-8", "replace"))
    elif marker == _APP11:
        # ISO 19566-5, annex D: "JP", box instance and packet number before the box. Other JUMBF
        # boxes than C2PA's may stand here; a later segment repeats its first box's head alone.
        if data.startswith(b"JP") and (blocks.c2pa_bytes or b"c2pa" in data[:64]):
            blocks.c2pa_bytes += len(data)
    elif data.startswith(_EXIF):
        blocks.add_exif(data[len(_EXIF) :])
    elif data.startswith(_XMP):
        blocks.add_xmp(data[len(_XMP) :])
