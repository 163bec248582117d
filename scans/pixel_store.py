"""Decoded pixels on their way from the decoder to the detector, in the image store.

Apart from `scans/image_store.py` so that the web process need not load numpy.
"""

import numpy as np
from numpy.typing import NDArray

from scans.errors import ImageNotStored
from scans.image_store import ImageStore


def save_pixels(store: ImageStore, pixels_sha256: str, pixels: NDArray[np.uint8]) -> None:
    """Keep an array [H, W, 3] as it is in memory (NPY format), for a reader that maps it."""
    with store.open_new("pixels", pixels_sha256) as file:
        np.lib.format.write_array(file, np.ascontiguousarray(pixels), allow_pickle=False)


def map_pixels(store: ImageStore, pixels_sha256: str) -> NDArray[np.uint8]:
    """Map an array [H, W, 3], read-only: only the crops that are looked at are ever read.

    Raises:
        ImageNotStored: the pixels are not kept (any more), or what is kept is no such array.
    """
    path = store.path_of("pixels", pixels_sha256)
    try:
        pixels: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ImageNotStored(f"no array is kept under {pixels_sha256}") from error
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ImageNotStored(f"no picture is kept under {pixels_sha256}")
    return pixels
