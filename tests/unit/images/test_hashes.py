"""The hash of pixels names pixels and shape, and nothing else."""

import numpy as np
import pytest

from images.hashes import pixels_sha256, sha256_hex


def test_sha256_hex_is_the_standard_one() -> None:
    # FIPS 180-4's own example
    assert sha256_hex(b"abc").startswith("ba7816bf8f01cfea")


def test_pixels_of_another_shape_have_another_hash() -> None:
    wide = np.zeros((2, 3, 3), dtype=np.uint8)
    assert pixels_sha256(wide) != pixels_sha256(wide.reshape(3, 2, 3))


def test_memory_order_does_not_change_the_hash() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert pixels_sha256(np.asfortranarray(pixels)) == pixels_sha256(pixels)


def test_other_types_than_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="8-bit"):
        pixels_sha256(np.zeros((1, 1, 3), dtype=np.float32))
