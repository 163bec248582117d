"""Twins by networks whose weights come with packages: the photograph's size, place and colours."""

import math
from importlib.metadata import distribution
from itertools import product
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ntf.errors import WeightsMissing
from ntf.packaged import find_packaged
from ntf.twins.families import REDRAWERS, RESTORERS, open_family
from tests.pictures import photograph

FAMILIES = (*RESTORERS, *REDRAWERS)
ENLARGING = [name for name, spec in RESTORERS.items() if spec.factor > 1]
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def face() -> Tensor:
    """[1, 3, 101, 86] in 0..1: sides that no network can halve."""
    pixels = torch.from_numpy(photograph()[60:161, 180:266].copy())
    return pixels.permute(2, 0, 1)[None].float() / 255


@pytest.fixture(scope="module", params=FAMILIES)
def twin(request: pytest.FixtureRequest, face: Tensor) -> Tensor:
    return open_family(request.param, Path(), Path(), list)(face)


def test_a_twin_has_the_size_of_its_photograph_and_its_range(twin: Tensor, face: Tensor) -> None:
    assert twin.shape == face.shape
    assert twin.dtype == torch.float32
    assert twin.min() >= 0
    assert twin.max() <= 1


def test_a_twin_lies_where_its_photograph_lies(twin: Tensor, face: Tensor) -> None:
    places = list(product((-1, 0, 1), repeat=2))
    found = {place: psnr_db(twin.roll(place, (2, 3)), face) for place in places}
    assert max(places, key=found.__getitem__) == (0, 0)
    assert found[0, 0] > 26


def test_a_twin_keeps_the_colours_and_changes_the_detail(twin: Tensor, face: Tensor) -> None:
    assert (twin.mean((2, 3)) - face.mean((2, 3))).abs().max() < 0.005
    assert (twin - face).abs().mean() > 0.002


@pytest.mark.parametrize("family", FAMILIES)
def test_images_of_one_batch_do_not_mix(family: str, face: Tensor) -> None:
    other = face.flip(3)
    both = open_family(family, Path(), Path(), list)(torch.cat([face, other]))
    for drawn, given in zip(both, (face, other), strict=True):
        assert psnr_db(drawn[None], given) > 26


@pytest.mark.parametrize("family", ENLARGING)
def test_a_photograph_is_shrunk_in_more_than_one_way(family: str, face: Tensor) -> None:
    maker = open_family(family, Path(), Path(), list)
    small = face[..., :32, :32]
    assert len({round(float(maker(small).double().sum()), 4) for _ in range(8)}) == 2


def test_says_what_to_install() -> None:
    with pytest.raises(WeightsMissing, match=r"x\.bin is not in .* no-such-package"):
        find_packaged("no-such-package", "x.bin")
    installed = distribution("ncnn").metadata["Name"]
    with pytest.raises(WeightsMissing, match=r"requirements/train\.txt"):
        find_packaged(installed, "x.bin")


def psnr_db(found: Tensor, wanted: Tensor, border_px: int = 2) -> float:
    """Peak signal-to-noise ratio without the border, which a shifted picture lacks."""
    inner = (..., slice(border_px, -border_px), slice(border_px, -border_px))
    return -10 * math.log10(float((found[inner] - wanted[inner]).square().mean()))
