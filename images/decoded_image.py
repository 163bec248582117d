"""What decoding may use, and what it gives. Apart from the decoder, which few processes load."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from images.hashes import pixels_sha256


@dataclass(frozen=True)
class DecodeLimits:
    """How large a picture may be once decoded, and what decoding may cost.

    Attributes:
        max_pixels: of one picture, and of all views of one file together.
        max_memory_bytes: address space of the process that decodes.
        max_seconds: by the clock, for the pixels of one file.
    """

    max_pixels: int = 64_000_000
    max_side_px: int = 30_000
    max_memory_bytes: int = 960 * 1024 * 1024
    max_seconds: float = 3.0

    @property
    def max_provenance_seconds(self) -> float:
        """By the clock, for what one file says about itself, so that both fit into five seconds."""
        return self.max_seconds / 2


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """What people may see when they open a file, and what was done to get it.

    Attributes:
        views: one or more different pictures [H, W, 3], upright, sRGB, 8 bits a channel, read-only:
            the first frame over white; then, where there are such, the same over black, the middle
            and the last frame.
        media_type: by content, never by a header's word.
        limits: stable codes of what weakens a verdict over these pixels:
            `animated_three_frames`, `animated_first_frame`, `first_page_only`, `alpha_flattened`,
            `alpha_two_grounds`, `depth_reduced`, `cmyk_converted`, `gain_map_ignored`, `truncated`.
    """

    views: tuple[NDArray[np.uint8], ...]
    media_type: str
    limits: tuple[str, ...] = ()

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The canonical picture: the first view."""
        return self.views[0]

    @property
    def width(self) -> int:
        """Pixels, after the EXIF orientation."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels, after the EXIF orientation."""
        return int(self.pixels.shape[0])

    @property
    def pixels_sha256(self) -> str:
        """Hash over the canonical pixels and their shape."""
        return self.views_sha256[0]

    @cached_property
    def views_sha256(self) -> tuple[str, ...]:
        """Each view's hash over its pixels and their shape."""
        return tuple(pixels_sha256(view) for view in self.views)
