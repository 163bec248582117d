"""Every Pillow mode to 8-bit RGB, upright. Colour profiles are not applied here."""

import numpy as np
from PIL import Image

# Exif 2.32, 4.6.4 A, tag 0x0112: what must be done to the stored picture to see it upright.
_ORIENTATION_TAG = 0x0112
_TRANSPOSE_FOR_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ALPHA_MODES = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})


def read_orientation(image: Image.Image) -> int:
    """The EXIF orientation of a loaded image, 1 to 8; 1 where none is given."""
    value = image.getexif().get(_ORIENTATION_TAG, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Undo the camera's rotation or mirroring (all eight cases)."""
    method = _TRANSPOSE_FOR_ORIENTATION.get(orientation)
    return image if method is None else image.transpose(method)


def to_rgb(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Give the image in mode RGB, and codes of what was lost on the way.

    Transparency is laid over white, as a page would show it. More than 8 bits are reduced.
    CMYK is converted without its profile.
    """
    if image.mode in _DEEP_MODES:
        return _reduce_depth(image).convert("RGB"), ("depth_reduced",)
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        return _flatten_alpha(image)
    if image.mode == "CMYK":
        return image.convert("RGB"), ("cmyk_converted",)
    return (image if image.mode == "RGB" else image.convert("RGB")), ()


def _flatten_alpha(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    rgba = image.convert("RGBA")
    alpha = rgba.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return rgba.convert("RGB"), ()
    flat = Image.new("RGB", rgba.size, (255, 255, 255))
    flat.paste(rgba, mask=alpha)
    return flat, ("alpha_flattened",)


def _reduce_depth(image: Image.Image) -> Image.Image:
    """Scale by the depth's own white point, not by the content, so that equal files look equal."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))  # [H, W]
    if image.mode == "F":
        white = 1.0 if values.max(initial=0) <= 1.0 else 255.0
    else:
        white = 65535.0 if image.mode != "I" or values.max(initial=0) <= 65535 else 2147483647.0
    scaled = np.clip(values / white, 0.0, 1.0) * 255.0
    return Image.fromarray(np.rint(scaled).astype(np.uint8))
