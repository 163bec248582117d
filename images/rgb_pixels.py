"""Every Pillow mode to 8-bit sRGB, upright: as one array, or as two where parts are transparent.

It works in strips of rows, so that beside the decoded picture only the arrays take memory.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from images.colour_profile import find_conversion

# Exif 2.32, 4.6.4 A, tag 0x0112: what must be done to the stored picture to see it upright.
_ORIENTATION_TAG = 0x0112
_ALPHA_MODES = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_STRIP_PIXELS = 1_000_000
WHITE, BLACK = (255, 255, 255), (0, 0, 0)

Pixels = NDArray[np.uint8]


def read_orientation(image: Image.Image) -> int:
    """The EXIF orientation of a loaded image, 1 to 8; 1 where none is given."""
    value = image.getexif().get(_ORIENTATION_TAG, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def turn_upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo the camera's rotation or mirroring (all eight cases) of an array [H, W, 3]."""
    match orientation:
        case 2:
            turned = pixels[:, ::-1]
        case 3:
            turned = pixels[::-1, ::-1]
        case 4:
            turned = pixels[::-1]
        case 5:
            turned = pixels.transpose(1, 0, 2)
        case 6:
            turned = np.rot90(pixels, -1)
        case 7:
            turned = pixels[::-1, ::-1].transpose(1, 0, 2)
        case 8:
            turned = np.rot90(pixels)
        case _:
            return pixels
    return np.ascontiguousarray(turned)


def has_transparency(image: Image.Image) -> bool:
    """Whether any pixel of a loaded image lets its ground through."""
    if image.mode not in _ALPHA_MODES and "transparency" not in image.info:
        return False
    if image.mode in _DEEP_MODES:
        return False
    return any(
        strip.convert("RGBA").getchannel("A").getextrema() != (255, 255)
        for _, strip in _strips(image)
    )


def to_rgb(
    image: Image.Image, ground: tuple[int, int, int] = WHITE
) -> tuple[Pixels, tuple[str, ...]]:
    """The loaded image as [H, W, 3], and codes of what was lost on the way.

    Transparent parts lie over `ground`. More than 8 bits are reduced. Colours are converted by the
    image's profile; CMYK without one by Pillow's simple rule.
    """
    pixels: Pixels = np.empty((image.height, image.width, 3), np.uint8)
    if image.mode in _DEEP_MODES:
        _reduce_depth(image, pixels)
        return pixels, ("depth_reduced",)
    is_see_through = has_transparency(image)
    mode = image.mode if image.mode in {"L", "CMYK"} and not is_see_through else "RGB"
    conversion = find_conversion(image.info.get("icc_profile"), mode)
    for rows, strip in _strips(image):
        if is_see_through:
            flat = _flatten(strip, ground)
        elif image.mode in _ALPHA_MODES or "transparency" in image.info:
            flat = strip.convert("RGBA").convert("RGB")
        else:
            flat = strip
        part = conversion(flat.convert(mode)) if conversion else flat.convert("RGB")
        pixels[rows] = np.asarray(part)
    notes = ("alpha_flattened",) if is_see_through else ()
    return pixels, notes + (("cmyk_converted",) if image.mode == "CMYK" else ())


def _strips(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    rows = max(1, _STRIP_PIXELS // image.width)
    if rows >= image.height:
        yield slice(0, image.height), image
        return
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        yield slice(top, bottom), image.crop((0, top, image.width, bottom))


def _flatten(part: Image.Image, ground: tuple[int, int, int]) -> Image.Image:
    rgba = part.convert("RGBA")
    flat = Image.new("RGB", rgba.size, ground)
    flat.paste(rgba, mask=rgba.getchannel("A"))
    return flat


def _reduce_depth(image: Image.Image, pixels: Pixels) -> None:
    """Scale by the depth's own white point, not by the content, so that equal files look equal."""
    white = _white_point(image)
    for rows, strip in _strips(image):
        scaled = np.clip(_deep_values(strip) / white, 0.0, 1.0) * 255.0
        pixels[rows] = np.rint(scaled).astype(np.uint8)[..., None]


def _white_point(image: Image.Image) -> np.float32:
    if image.mode not in {"I", "F"}:
        return np.float32(65535.0)
    most = max(float(_deep_values(strip).max(initial=0)) for _, strip in _strips(image))
    if image.mode == "F":
        return np.float32(1.0 if most <= 1.0 else 255.0)
    return np.float32(65535.0 if most <= 65535 else 2147483647.0)


def _deep_values(strip: Image.Image) -> NDArray[np.float32]:
    return np.nan_to_num(np.asarray(strip, dtype=np.float32))
