"""What kind of file the first bytes say it is. Believes no header and no file name.

It only names; whether the rest of the file is sound is for the decoder to find out.
"""

import re
from dataclasses import dataclass

from images.errors import NotAnImage, UnsupportedFormat


@dataclass(frozen=True)
class FileKind:
    """A format that is decoded here: its name in Pillow, and its media type (IANA registry)."""

    pillow_name: str
    media_type: str


JPEG = FileKind("JPEG", "image/jpeg")
PNG = FileKind("PNG", "image/png")
GIF = FileKind("GIF", "image/gif")
WEBP = FileKind("WEBP", "image/webp")
AVIF = FileKind("AVIF", "image/avif")
TIFF = FileKind("TIFF", "image/tiff")
BMP = FileKind("BMP", "image/bmp")
HEIC = FileKind("HEIF", "image/heic")

SUPPORTED_KINDS = (JPEG, PNG, GIF, WEBP, AVIF, TIFF, BMP, HEIC)

_SUPPORTED_STARTS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
    (b"BM", BMP),
)
_KNOWN_STARTS = (
    (b"%PDF-", "a PDF document"),
    (b"8BPS", "a Photoshop document"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\0\0\1\0", "an icon file"),
    (b"\x1a\x45\xdf\xa3", "a WebM or Matroska video"),
)
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_FORMATS_TO_USE = "Use a JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP image instead."
_TEXT_PEEK_BYTES = 1024
_SVG_ROOT = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_HTML_ROOT = re.compile(rb"<(!doctype html|html|head|body)", re.IGNORECASE)


def detect_file_kind(content: bytes) -> FileKind:
    """Name the format by content alone (WHATWG MIME Sniffing, section 6.1, and ISO 23008-12).

    Raises:
        UnsupportedFormat: a known kind of file that is not decoded here (SVG, PDF, JPEG XL, …).
        NotAnImage: a web page, an empty file, or bytes of no known kind.
    """
    if not content:
        raise NotAnImage("The file is empty. Check the address, or upload the image itself.")
    for start, kind in _SUPPORTED_STARTS:
        if content.startswith(start):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return WEBP
    if content[4:8] == b"ftyp":
        return _detect_iso_media_kind(content)
    raise _name_refused_kind(content)


def has_tone_map(content: bytes) -> bool:
    """Whether an AVIF or HEIC file names a gain map for HDR screens (ISO 21496-1, brand `tmap`)."""
    return content[4:8] == b"ftyp" and b"tmap" in _brands(content)


def _brands(content: bytes) -> set[bytes]:
    box_bytes = min(int.from_bytes(content[:4], "big"), 256)
    return {content[8:12]} | {content[at : at + 4] for at in range(16, box_bytes, 4)}


def _detect_iso_media_kind(content: bytes) -> FileKind:
    brands = _brands(content)
    if brands & _AVIF_BRANDS:
        return AVIF
    if brands & _HEIF_BRANDS:
        return HEIC
    raise UnsupportedFormat(f"The file is a video, which is not supported. {_FORMATS_TO_USE}")


def _name_refused_kind(content: bytes) -> NotAnImage:
    for start, name in _KNOWN_STARTS:
        if content.startswith(start):
            return UnsupportedFormat(
                f"The file is {name}, which is not supported. {_FORMATS_TO_USE}"
            )
    head = content[:_TEXT_PEEK_BYTES]
    if _SVG_ROOT.search(head):
        return UnsupportedFormat(
            f"The file is an SVG drawing, not a photograph, and is not supported. {_FORMATS_TO_USE}"
        )
    if _HTML_ROOT.search(head):
        return NotAnImage(
            "The address leads to a web page, not to an image. Open the image itself and use "
            "its own address, or upload it."
        )
    return NotAnImage(f"The file is not an image of a known format. {_FORMATS_TO_USE}")
