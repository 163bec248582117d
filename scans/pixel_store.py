"""Decoded pixels on their way from the decoder to the detector, in the image store.

Apart from `scans/image_store.py` so that the web process need not load numpy.
"""

from typing import BinaryIO

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
    with store.open_file("pixels", pixels_sha256) as file:
        try:
            shape = read_shape(file)
            # A map of the whole file fails where the file is shorter than the header says.
            return np.memmap(file, np.uint8, "r", file.tell(), shape)
        except (ValueError, EOFError, OSError) as error:
            raise ImageNotStored(f"no picture is kept under {pixels_sha256}") from error


def read_shape(file: BinaryIO) -> tuple[int, int, int]:
    """Read the header of an NPY file; what follows is the array.

    Raises:
        ValueError: it is no NPY file, or its array is no picture [H, W, 3] of bytes.
    """
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("not the version that is written here")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype != np.uint8 or is_fortran or len(shape) != 3 or shape[2] != 3:
        raise ValueError("not a picture")
    return shape
