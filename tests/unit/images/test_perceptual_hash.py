"""PDQ against the reference implementation, and why no score may be shared by it."""

import numpy as np
import pdqhash
import pytest
from numpy.typing import NDArray
from skimage import data

from images.hashes import pixels_sha256
from images.perceptual_hash import hamming_distance, pdq_hash
from tests.pictures import noise, photograph

PHOTOGRAPHS = [photograph(), np.asarray(data.chelsea()), np.asarray(data.coffee())]
CANDIDATE_BITS = 31


def reference(pixels: NDArray[np.uint8]) -> str:
    """The authors' own code, in their order of bits."""
    bits, _ = pdqhash.compute(pixels)
    return bytes(np.packbits(bits)).hex()


@pytest.mark.parametrize("index", range(len(PHOTOGRAPHS)))
def test_it_is_the_authors_hash(index: int) -> None:
    found, quality = pdq_hash(PHOTOGRAPHS[index])
    assert hamming_distance(found, reference(PHOTOGRAPHS[index])) <= 2
    assert quality == pdqhash.compute(PHOTOGRAPHS[index])[1] == 100


def test_a_large_picture_has_the_hash_of_the_reference_too() -> None:
    large = photograph().repeat(4, axis=0).repeat(4, axis=1)
    assert hamming_distance(pdq_hash(large)[0], reference(large)) <= 10


def test_a_flat_picture_has_no_quality() -> None:
    assert pdq_hash(np.full((64, 96, 3), 128, np.uint8))[1] == 0


@pytest.mark.parametrize("percent", [1, 2, 5, 10])
def test_a_replaced_part_stays_a_candidate_but_has_other_pixels(percent: int) -> None:
    """So PDQ can point a person at the pair, and can never be a reason to share a score."""
    distances = []
    for original in PHOTOGRAPHS:
        height, width = original.shape[:2]
        side = int((height * width * percent / 100) ** 0.5)
        pasted = original.copy()
        pasted[20 : 20 + side, 20 : 20 + side] = noise(1, side, side)
        distances.append(hamming_distance(pdq_hash(original)[0], pdq_hash(pasted)[0]))
        assert pixels_sha256(original) != pixels_sha256(pasted)
    print(f"\n{percent} % replaced: {distances} of 256 bits")  # noqa: T201
    if percent <= 2:
        assert min(distances) <= CANDIDATE_BITS
