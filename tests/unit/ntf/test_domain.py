"""The gate: flat graphics and destroyed pictures are outside, noisy and smooth pictures are not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ntf.calibrate import fit_gate
from ntf.degrade import recompress
from ntf.domain import Gate, blockiness
from tests.pictures import noise


def picture(seed: int) -> NDArray[np.uint8]:
    """Smooth shapes under a little noise, as photographs have."""
    coarse = noise(seed, 12, 12).astype(np.float32)
    smooth = np.repeat(np.repeat(coarse, 16, 0), 16, 1)
    for axis in (0, 1):
        smooth = (smooth + sum(np.roll(smooth, shift, axis) for shift in range(-12, 13))) / 26
    grain = np.random.default_rng(seed).normal(0, 5, smooth.shape)
    return np.clip(smooth + grain, 0, 255).astype(np.uint8)


def chart(seed: int) -> NDArray[np.uint8]:
    """Bars of single tones on white."""
    rng = np.random.default_rng(seed)
    image = np.full((192, 192, 3), 255, np.uint8)
    for left in range(8, 180, 24):
        image[int(rng.integers(20, 180)) :, left : left + 16] = rng.integers(0, 200, 3)
    return image


@pytest.fixture(scope="module")
def gate() -> Gate:
    fitted = fit_gate([chart(n) for n in range(20)], [picture(n) for n in range(60)])
    return Gate(**fitted | {"weights": tuple(fitted["weights"])})


def test_graphics_are_outside_and_pictures_are_not(gate: Gate) -> None:
    assert {gate.find(chart(n)) for n in range(100, 110)} == {"flat_graphic"}
    assert {gate.find(picture(n)) for n in range(100, 110)} == {None}


def test_what_compression_destroyed_is_outside() -> None:
    blocky = Gate((0.0,) * 5, -1.0, 0.0, blockiness_above=4.0)
    assert blocky.find(recompress(picture(100), 5)) == "destroyed"
    assert blocky.find(recompress(picture(100), 60)) is None


def test_the_block_grid_is_found_wherever_it_lies() -> None:
    blocky = recompress(picture(7), 5)
    moved = blockiness(blocky[3:, 5:])
    assert moved == pytest.approx(blockiness(blocky), rel=0.25)
    assert moved > 1.5 * blockiness(picture(7))
