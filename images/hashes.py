"""The two names of an image: one for its bytes, one for its decoded pixels. No perceptual hash."""

import hashlib

import numpy as np
from numpy.typing import NDArray


def sha256_hex(content: bytes) -> str:
    """SHA-256 of the bytes as they came, as 64 small hexadecimal digits (FIPS 180-4)."""
    return hashlib.sha256(content).hexdigest()


def pixels_sha256(pixels: NDArray[np.uint8]) -> str:
    """SHA-256 over shape, type and values of a decoded image.

    The shape is hashed too: 2 x 3 pixels and 3 x 2 pixels of equal values are two images.

    Args:
        pixels: [H, W, 3] RGB, 8 bits a channel.
    """
    if pixels.dtype != np.uint8:
        raise ValueError(f"Pixels must be 8-bit, not {pixels.dtype}.")
    digest = hashlib.sha256(f"rgb8:{'x'.join(map(str, pixels.shape))}:".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
