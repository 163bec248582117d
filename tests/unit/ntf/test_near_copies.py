"""Pictures that stand in two splits."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from ntf.near_copies import Pair, choose_dropped, find_crossing_pairs, sketch
from tests.pictures import as_jpeg, photograph

Pixels = NDArray[np.uint8]


def other_photographs() -> list[Pixels]:
    """Photographs that show other things."""
    return [np.asarray(data.chelsea()), np.asarray(data.rocket()), np.asarray(data.coffee())]


def changed(pixels: Pixels) -> dict[str, Pixels]:
    """Copies as the web makes them."""
    image = Image.fromarray(pixels)
    grey = image.convert("L").convert("RGB")
    return {
        "half size": np.asarray(image.resize((image.width // 2, image.height // 2))),
        "compressed": np.asarray(Image.open(io.BytesIO(as_jpeg(pixels, 30)))),
        "grey": np.asarray(grey),
        "brighter": np.clip(pixels.astype(int) + 40, 0, 255).astype(np.uint8),
        "noisy": np.clip(
            pixels + np.random.default_rng(0).normal(0, 20, pixels.shape), 0, 255
        ).astype(np.uint8),
    }


def test_copies_are_found_in_other_splits_and_nothing_else() -> None:
    copies = changed(photograph())
    images = [photograph(), *copies.values(), *other_photographs()]
    splits = ["test"] + ["train"] * len(copies) + ["train", "train", "dev"]
    pairs = find_crossing_pairs([sketch(image) for image in images], splits)
    assert {(pair.first, pair.second) for pair in pairs} == {(0, n) for n in range(1, 6)}
    assert [pair.distance for pair in pairs] == sorted(pair.distance for pair in pairs)
    assert choose_dropped(pairs, splits) == set(range(1, 6))


def test_copies_within_a_split_are_no_leak() -> None:
    sketches = [sketch(photograph()), sketch(photograph())]
    assert find_crossing_pairs(sketches, ["train", "train"]) == []


def test_even_surfaces_are_no_copies() -> None:
    blank = sketch(np.full((64, 64, 3), 255, np.uint8))
    assert find_crossing_pairs([blank, blank], ["train", "test"]) == []


def test_more_images_than_one_block_are_all_compared() -> None:
    rng = np.random.default_rng(0)
    made = [rng.integers(0, 255, (32, 32, 3)).astype(np.uint8) for _ in range(700)]
    sketches = [sketch(image) for image in made]
    pairs = find_crossing_pairs(sketches + sketches, ["train"] * 700 + ["test"] * 700)
    found = {(min(pair[:2]), max(pair[:2])) for pair in pairs}
    assert found == {(n, n + 700) for n in range(700)}


def test_what_is_measured_on_stays() -> None:
    splits = ["train", "dev", "test", "other", "train"]
    pairs = [Pair(0, 1, 3), Pair(1, 2, 3), Pair(2, 3, 3), Pair(3, 4, 3)]
    assert choose_dropped(pairs, splits) == {0, 1, 3, 4}
