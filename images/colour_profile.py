"""Embedded colour profiles (ICC.1:2022) to sRGB. One that is sRGB, or broken, changes nothing.

Whether a profile is sRGB is measured and not read from its name: over a lattice of colours it moves
none by more than two of 255. So pictures that are sRGB keep their pixels to the last bit.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

_LATTICE_STEPS = 9
_UNMOVED_LEVELS = 2
_SPACE_OF_MODE = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}

Conversion = Callable[[Image.Image], Image.Image]


def find_conversion(profile: object, mode: str) -> Conversion | None:
    """What turns a picture of this mode ("RGB", "L" or "CMYK") into one in sRGB, mode RGB.

    None where there is nothing to do: no profile, one for another kind of picture, one that cannot
    be read (browsers ignore those too), or sRGB itself.
    """
    if not isinstance(profile, bytes) or mode not in _SPACE_OF_MODE:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space != _SPACE_OF_MODE[mode]:
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None

    def convert(part: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(part, transform)
        assert converted is not None  # only in-place transforms give None
        return converted

    return convert if mode == "CMYK" or _moves_colours(convert, mode) else None


def _moves_colours(convert: Conversion, mode: str) -> bool:
    """Print colours have no common ground to compare with, so this is for RGB and grey."""
    if mode == "L":
        probe = Image.fromarray(np.arange(256, dtype=np.uint8)[None, :])
    else:
        steps = np.linspace(0, 255, _LATTICE_STEPS).round().astype(np.uint8)
        lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1)
        probe = Image.fromarray(lattice.reshape(_LATTICE_STEPS, -1, 3))
    before = np.asarray(probe.convert("RGB"), dtype=np.int16)
    after = np.asarray(convert(probe), dtype=np.int16)
    return int(np.abs(after - before).max()) > _UNMOVED_LEVELS
