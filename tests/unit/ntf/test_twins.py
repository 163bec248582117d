"""Twins: kept once made, of the photograph's own size, and without a photograph's fine noise."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ntf.datasets.shards import decode_image
from ntf.errors import TwinsUnavailable
from ntf.manifest import Item
from ntf.twins.autoencoders import build_taef2, pad_to_multiple
from ntf.twins.families import FITTED, open_family
from ntf.twins.fitted import SPECS, Autoencoder, Fitted, fit
from ntf.twins.make import draw_items, find_twins, make_twins
from tests.pictures import noise

torch.set_num_threads(1)


@pytest.fixture
def photographs(tmp_path: Path) -> list[Item]:
    items = []
    for seed in range(3):
        path = tmp_path / "train" / f"{seed}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(noise(seed, 70, 90)).save(path)
        items.append(Item(path, "train", seed == 2, "s", "real"))
    return items


def test_twins_are_made_once_and_found_again(photographs: list[Item], tmp_path: Path) -> None:
    seen: list[torch.Size] = []

    def invert(images: torch.Tensor) -> torch.Tensor:
        seen.append(images.shape)
        return 1 - images

    reals, folder = photographs[:2], tmp_path / "twins"
    assert make_twins(reals[:1], "inverted", invert, folder, decode_image) == 1
    assert make_twins(reals, "inverted", invert, folder, decode_image) == 1
    assert seen == [torch.Size([1, 3, 90, 70])] * 2
    found = find_twins(photographs, folder)
    assert found.keys() == {0, 1}
    (path,) = found[1]
    assert np.array_equal(decode_image(path), 255 - decode_image(reals[1].path))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_decoder_gives_back_the_size_that_it_was_given(spec: object) -> None:
    images = torch.rand(2, 3, 64, 40)
    assert Autoencoder(spec).eval()(images).shape == images.shape  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_fitted_decoder_is_kept_and_gives_the_photograph_back(tmp_path: Path) -> None:
    spec = replace(FITTED["nearest_x2"], steps=60)
    asked: list[int] = []

    def crops() -> list[np.ndarray]:
        asked.append(1)
        return [noise(seed, 64, 64) // 4 + 96 for seed in range(4)]

    image = torch.from_numpy(crops()[0]).permute(2, 0, 1)[None].float() / 255
    first = Fitted(spec, tmp_path, crops)(image[..., :63, :61])
    again = Fitted(spec, tmp_path, crops)(image[..., :63, :61])
    assert len(asked) == 2
    assert first.shape == (1, 3, 63, 61)
    assert torch.equal(first, again)
    assert (first - image[..., :63, :61]).abs().mean() < 0.12


@pytest.mark.slow
def test_fitting_is_repeatable() -> None:
    spec = replace(FITTED["denoise"], steps=3)
    crops = [noise(seed, 64, 64) for seed in range(2)]
    models = [fit(spec, crops).state_dict() for _ in range(2)]
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])


def test_the_tiny_autoencoder_has_the_shape_of_its_files() -> None:
    encoder, decoder = build_taef2()
    assert encoder(torch.rand(1, 3, 32, 64)).shape == (1, 32, 4, 8)
    assert decoder(torch.rand(1, 32, 4, 8)).shape == (1, 3, 32, 64)
    padded, height, width = pad_to_multiple(torch.rand(1, 3, 40, 33))
    assert (padded.shape[2:], height, width) == ((64, 64), 40, 33)


def test_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TwinsUnavailable, match=r"taef2_encoder\.pth"):
        open_family("taef2", tmp_path, tmp_path, list)


def test_a_part_of_the_photographs_is_spread_and_differs_by_family() -> None:
    items = [
        Item(Path(f"train/{source}/{n}.png"), "train", False, source, "real")
        for source in "abcd"
        for n in range(50)
    ]
    few, more, others = (
        draw_items(items, family, most) for family, most in [("x", 40), ("x", 80), ("y", 40)]
    )
    assert len(few) == 40
    assert set(few) < set(more)
    assert set(few) != set(others)
    assert {item.source for item in few} == set("abcd")
    assert set(draw_items(items, "x", None)) == set(items)
