"""Bytes of unknown origin to upright 8-bit RGB pixels, or one typed error. Reads no provenance.

Nothing global in Pillow is relied on or changed, but the size of its memory pool. Never `draft()`:
it scales inside the DCT and destroys the traces that the detector looks for.
"""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, _imaging

from images.errors import ImageTruncated, NotAnImage, TooManyPixels
from images.hashes import pixels_sha256
from images.rgb_pixels import read_orientation, to_rgb, turn_upright
from images.signatures import TIFF, WEBP, FileKind, detect_file_kind

# Blocks of 16 MiB that Pillow keeps for the next image instead of giving them back to the system;
# page faults are a sixth to a half of the decoding time of a large photograph. See
# docs/decisions/images-decode.md for the measurement and what it costs in memory.
_KEPT_MEMORY_BLOCKS = 8
_imaging.set_blocks_max(_KEPT_MEMORY_BLOCKS)

# What Pillow raises on broken files, found by fuzzing; `Warning` for processes that make
# warnings into errors. Named one by one: KeyboardInterrupt and our own errors pass.
_PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    BufferError,
    struct.error,
    zlib.error,
    Warning,
)
_BOMB_ERRORS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True)
class DecodeLimits:
    """How large a picture may be once decoded."""

    max_pixels: int = 64_000_000
    max_side_px: int = 30_000


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """An upright picture and what was done to get it.

    Attributes:
        pixels: [H, W, 3] RGB, 8 bits a channel, read-only.
        media_type: by content, never by a header's word.
        width: pixels, after the EXIF orientation.
        height: pixels, after the EXIF orientation.
        pixels_sha256: hash over the canonical pixels and their shape.
        limits: stable codes of what weakens a verdict over these pixels:
            `animated_first_frame`, `first_page_only`, `alpha_flattened`, `depth_reduced`,
            `cmyk_converted`.
    """

    pixels: NDArray[np.uint8]
    media_type: str
    width: int
    height: int
    pixels_sha256: str
    limits: tuple[str, ...] = ()


def decode_image(content: bytes, limits: DecodeLimits) -> DecodedImage:
    """Decode the first frame, upright, in RGB.

    Raises:
        UnsupportedFormat: a known kind of file that is not decoded here.
        NotAnImage: not an image, or one that cannot be read.
        ImageTruncated: the file ends or breaks before the picture does.
        TooManyPixels: larger than `limits`; found before memory for the pixels is taken.
    """
    kind = detect_file_kind(content)
    try:
        return _decode_kind(content, kind, limits)
    except (*_BOMB_ERRORS, MemoryError) as error:
        raise TooManyPixels(_too_many_pixels_sentence(limits)) from error
    except _PILLOW_ERRORS as error:
        raise _explain_failure(error, kind) from error


def _decode_kind(content: bytes, kind: FileKind, limits: DecodeLimits) -> DecodedImage:
    if kind is WEBP:
        _check_webp_header(content, limits)
    with Image.open(io.BytesIO(content), formats=(kind.pillow_name,)) as image:
        _check_size(image.width, image.height, limits)
        notes = _frame_notes(image, kind)
        image.load()
        _check_size(image.width, image.height, limits)
        upright = turn_upright(image, _orientation_or_upright(image))
        rgb, lost = to_rgb(upright)
        pixels: NDArray[np.uint8] = np.asarray(rgb)  # [H, W, 3]
    return DecodedImage(
        pixels=pixels,
        media_type=kind.media_type,
        width=pixels.shape[1],
        height=pixels.shape[0],
        pixels_sha256=pixels_sha256(pixels),
        limits=notes + lost,
    )


def _check_size(width: int, height: int, limits: DecodeLimits) -> None:
    if width < 1 or height < 1:
        raise NotAnImage("The image has no pixels. Check that the file is complete.")
    too_large = width * height > limits.max_pixels or max(width, height) > limits.max_side_px
    if too_large:
        raise TooManyPixels(
            f"The image has {width} x {height} pixels. {_too_many_pixels_sentence(limits)}"
        )


def _too_many_pixels_sentence(limits: DecodeLimits) -> str:
    return (
        f"At most {limits.max_pixels} pixels in all and {limits.max_side_px} a side are decoded. "
        "Send a smaller version of the image."
    )


def _check_webp_header(content: bytes, limits: DecodeLimits) -> None:
    """Read length and canvas ourselves: the library takes memory for the canvas on opening.

    RFC 9649, sections 2.4 and 2.7: the RIFF size less eight at byte 4; two 24-bit sizes, each
    less one, at byte 24 of an extended file.
    """
    if len(content) < int.from_bytes(content[4:8], "little") + 8:
        raise _truncated(WEBP)
    if content[12:16] == b"VP8X" and len(content) >= 30:
        width = int.from_bytes(content[24:27], "little") + 1
        height = int.from_bytes(content[27:30], "little") + 1
        _check_size(width, height, limits)


def _frame_notes(image: Image.Image, kind: FileKind) -> tuple[str, ...]:
    """Say when there is more than the one picture that is judged.

    A JPEG's further pictures (depth map, gain map) are left without a word: nobody sees them.
    """
    if kind.pillow_name == "JPEG" or not _has_more_frames(image):
        return ()
    return ("first_page_only",) if kind is TIFF else ("animated_first_frame",)


def _has_more_frames(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except (*_PILLOW_ERRORS, *_BOMB_ERRORS):
        return True  # a second frame is there, and is broken: the first one may still be sound


def _orientation_or_upright(image: Image.Image) -> int:
    """Broken metadata must not cost the picture; without it, the picture is taken as upright."""
    try:
        return read_orientation(image)
    except _PILLOW_ERRORS:
        return 1


def _explain_failure(error: Exception, kind: FileKind) -> NotAnImage:
    if "truncated" in str(error).lower():
        return _truncated(kind)
    return NotAnImage(
        f"The file begins as {kind.media_type} but cannot be read. Check that it opens in an "
        "image viewer, and save it again."
    )


def _truncated(kind: FileKind) -> ImageTruncated:
    return ImageTruncated(
        f"The file ({kind.media_type}) ends before the picture does. Fetch or upload the whole "
        "file again."
    )
