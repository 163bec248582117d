"""Bytes of unknown origin to upright 8-bit sRGB pixels, or one typed error. Reads no provenance.

It runs in a process of its own (`images/decode_child.py`); callers use `images/decoder_pool.py`.
Nothing global in Pillow is relied on or changed, but the size of its memory pool. Never `draft()`:
it scales inside the DCT and destroys the traces that the detector looks for.
"""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageFile, _imaging
from pillow_heif import register_heif_opener

from images.avif_depth import avif_bits
from images.decoded_image import DecodedImage, DecodeLimits
from images.errors import ImageTruncated, NotAnImage, TooManyPixels, TooMuchMemory
from images.rgb_pixels import (
    BLACK,
    Pixels,
    read_orientation,
    to_rgb,
    turn_upright,
)
from images.signatures import (
    AVIF,
    HEIC,
    JPEG,
    PNG,
    TIFF,
    WEBP,
    FileKind,
    detect_file_kind,
    has_tone_map,
)

register_heif_opener(thumbnails=False, depth_images=False, decode_threads=1)

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


# Frames are decoded one after the other to come to a later one: so many pixels in all, for each
# pixel that one picture may have, and the first frame must do.
_FRAMES_WORK = 2
_ENOUGH_OF_ROWS = 0.5
_THREE_FRAMES, _ONE_FRAME = "animated_three_frames", "animated_first_frame"
_DEEP_TIFF_TAG = 258  # BitsPerSample, TIFF 6.0, section 8
_GAIN_MAP_NAMES = (b"http://ns.adobe.com/hdr-gain-map/1.0/", b"urn:iso:std:iso:ts:21496:-1")


def decode_image(content: bytes, limits: DecodeLimits) -> DecodedImage:
    """Decode the views of a file that people may see, upright, in sRGB.

    Raises:
        UnsupportedFormat: a known kind of file that is not decoded here.
        NotAnImage: not an image, or one that cannot be read.
        ImageTruncated: the file ends or breaks before enough of the picture is there.
        TooManyPixels: larger than `limits`; found before memory for the pixels is taken.
        TooMuchMemory: the process has not the memory that the file wants.
    """
    kind = detect_file_kind(content)
    try:
        return _decode_kind(content, kind, limits)
    except _BOMB_ERRORS as error:
        raise TooManyPixels(_too_many_pixels_sentence(limits)) from error
    except MemoryError as error:
        raise TooMuchMemory(
            "Decoding the image takes more memory than one image may have. Send a smaller version "
            "of the image, or save it as JPEG or PNG."
        ) from error
    except _PILLOW_ERRORS as error:
        raise _explain_failure(error, kind) from error


def _decode_kind(content: bytes, kind: FileKind, limits: DecodeLimits) -> DecodedImage:
    if kind is WEBP:
        _check_webp_header(content, limits)
    with Image.open(io.BytesIO(content), formats=(kind.pillow_name,)) as image:
        _check_size(image.width, image.height, limits)
        frames, notes = _choose_frames(image, kind, limits)
        notes += _file_notes(image, kind, content)
        loaded, cut = _load(image, kind)
        _check_size(loaded.width, loaded.height, limits)
        orientation = _orientation_or_upright(image)
        first, lost = to_rgb(loaded)
        views = [turn_upright(first, orientation)]
        if "alpha_flattened" in lost and 2 * loaded.width * loaded.height <= limits.max_pixels:
            views.append(turn_upright(to_rgb(loaded, BLACK)[0], orientation))
            lost = tuple("alpha_two_grounds" if n == "alpha_flattened" else n for n in lost)
        del first, loaded
        try:
            for frame in _later_frames(image, frames, limits):
                views.append(turn_upright(to_rgb(frame)[0], orientation))
        except (
            *_PILLOW_ERRORS,
            TooManyPixels,
        ):  # a later frame is broken: the first one is sound all the same
            notes = tuple(_ONE_FRAME if note == _THREE_FRAMES else note for note in notes)
    return DecodedImage(
        views=_different(views),
        media_type=kind.media_type,
        limits=tuple(dict.fromkeys(notes + cut + lost)),
    )


def _different(views: list[Pixels]) -> tuple[Pixels, ...]:
    kept: list[Pixels] = []
    for view in views:
        if not any(np.array_equal(view, other) for other in kept):
            view.flags.writeable = False
            kept.append(view)
    return tuple(kept)


def _choose_frames(
    image: Image.Image, kind: FileKind, limits: DecodeLimits
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The middle and the last frame of an animation, and a note of what is judged.

    A JPEG's further pictures (depth map, gain map) are left without a word: nobody sees them.
    """
    if kind is JPEG or not _has_more_frames(image):
        return (), ()
    if kind in (TIFF, HEIC):
        return (), ("first_page_only",)
    try:
        count = int(getattr(image, "n_frames", 1))
    except (*_PILLOW_ERRORS, *_BOMB_ERRORS):
        return (), (_ONE_FRAME,)
    pixels = image.width * image.height
    is_too_much = (
        count * pixels > _FRAMES_WORK * limits.max_pixels or 4 * pixels > limits.max_pixels
    )
    if is_too_much:
        return (), (_ONE_FRAME,)
    return tuple(sorted({count // 2, count - 1} - {0})), (_THREE_FRAMES,)


def _later_frames(
    image: Image.Image, numbers: tuple[int, ...], limits: DecodeLimits
) -> Iterator[Image.Image]:
    """These frames, cut to the first one's size as viewers do.

    Pillow lets a GIF's frame enlarge the picture, and draws all frames on the way to one.
    """
    size = image.size
    for number in numbers:
        for step in range(image.tell() + 1, number + 1):
            image.seek(step)
            if 4 * image.width * image.height > limits.max_pixels:
                raise TooManyPixels(_too_many_pixels_sentence(limits))
        image.load()
        yield image if image.size == size else image.crop((0, 0, *size))


def _load(image: Image.Image, kind: FileKind) -> tuple[Image.Image, tuple[str, ...]]:
    """Decode the open image; where its end is missing, the rows that are there, if they are enough.

    Only the two formats whose rows come in order; missing rows are left out, never filled in.
    """
    try:
        image.load()
    except _PILLOW_ERRORS as error:
        in_order = kind in (JPEG, PNG) and not image.info.get("interlace")
        if not in_order or not _is_cut(error) or not isinstance(image, ImageFile.ImageFile):
            raise
        image.tile = []  # what was decoded is the image now
        _, _, _, bottom = image.getbbox(alpha_only=False) or (0, 0, 0, 0)
        if bottom < _ENOUGH_OF_ROWS * image.height:
            raise
        return image.crop((0, 0, image.width, bottom)), ("truncated",)
    return image, ()


def _file_notes(image: Image.Image, kind: FileKind, content: bytes) -> tuple[str, ...]:
    """What the file holds beside the eight bits that are judged."""
    notes = ("depth_reduced",) if _bits_a_channel(image, kind, content) > 8 else ()
    return notes + (("gain_map_ignored",) if _has_gain_map(image, kind, content) else ())


def _bits_a_channel(image: Image.Image, kind: FileKind, content: bytes) -> int:
    """What the file says."""
    if kind is PNG:
        return content[24]  # the header chunk comes first (PNG, 11.2.1)
    if kind is TIFF:
        found = getattr(image, "tag_v2", {}).get(_DEEP_TIFF_TAG, (8,))
        return max((bits for bits in found if isinstance(bits, int)), default=8)
    if kind is AVIF:
        return avif_bits(content)
    return int(image.info.get("bit_depth", 8)) if kind is HEIC else 8


def _has_gain_map(image: Image.Image, kind: FileKind, content: bytes) -> bool:
    """Adobe's and ISO 21496-1's in JPEG, ISO's in AVIF and HEIC, Apple's in HEIC."""
    if kind is JPEG:
        segments = [part for _, part in getattr(image, "applist", ())]
        return any(name in segment for segment in segments for name in _GAIN_MAP_NAMES)
    if kind in (AVIF, HEIC):
        return has_tone_map(content) or any("gainmap" in name for name in image.info.get("aux", ()))
    return False


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


def _is_cut(error: Exception) -> bool:
    return "truncated" in str(error).lower()


def _explain_failure(error: Exception, kind: FileKind) -> NotAnImage:
    if _is_cut(error):
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
