"""What is done to images before they are judged: the same each time, and what its name says."""

import io

import numpy as np
import pytest
from PIL import Image

from ntf.evaluation.conditions import (
    CONDITIONS,
    DECLARED,
    HEADLINE,
    Noise,
    choose_conditions,
    crop_centre,
)
from ntf.evaluation.errors import EvaluationImpossible
from tests.pictures import as_jpeg, photograph


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.key)
def test_is_the_same_each_time_and_leaves_its_input_alone(condition) -> None:
    picture = photograph()[100:356, 100:356]
    before = picture.copy()
    first = condition(picture)
    assert first.dtype == np.uint8
    assert first.shape[2] == 3
    assert np.array_equal(first, condition(picture.copy()))
    assert np.array_equal(picture, before)
    assert (first.shape != picture.shape) == (condition.kind == "size")
    assert np.array_equal(first, picture) == (condition.name == "as stored")


def test_names_keys_and_recipes_tell_conditions_apart() -> None:
    for column in ("name", "key", "recipe"):
        assert len({getattr(condition, column) for condition in CONDITIONS}) == len(CONDITIONS)
    assert set(DECLARED) <= {condition.name for condition in CONDITIONS}


def test_headline_is_one_round_of_jpeg_at_90() -> None:
    picture = photograph()[:256, :256]
    with Image.open(io.BytesIO(as_jpeg(picture, 90))) as image:
        assert np.array_equal(HEADLINE(picture), np.asarray(image))


def test_sizes() -> None:
    sizes = {c.name: c(photograph()[:256, :256]).shape[0] for c in CONDITIONS if c.kind == "size"}
    assert sizes == {
        "three quarters": 192,
        "half size": 128,
        "screenshot larger": 333,
        "screenshot smaller": 205,
    }


def test_half_size_is_for_images_of_256_px_alone() -> None:
    (half,) = [condition for condition in CONDITIONS if condition.name == "half size"]
    assert half.min_side_px == 256


def test_noise_has_its_strength_and_follows_from_the_pixels() -> None:
    grey = np.full((128, 128, 3), 128, np.uint8)
    noisy = Noise(5.0)(grey)
    assert (noisy - 128.0).std() == pytest.approx(5, rel=0.03)
    grey[0, 0, 0] = 127
    assert not np.array_equal(noisy, Noise(5.0)(grey))
    assert Noise(200.0)(grey).min() == 0


def test_chooses_by_name_and_key_with_the_headline_first() -> None:
    assert choose_conditions([]) == CONDITIONS
    assert [c.name for c in choose_conditions(["half-size", "JPEG 40"])] == [
        "JPEG 90",
        "JPEG 40",
        "half size",
    ]
    with pytest.raises(EvaluationImpossible, match="jpeg-90, as-stored"):
        choose_conditions(["jpeg-91"])


def test_crops_at_the_centre_and_never_enlarges() -> None:
    picture = np.arange(6 * 9).reshape(6, 9, 1).repeat(3, 2).astype(np.uint8)
    assert np.array_equal(crop_centre(picture, 4), picture[1:5, 2:6])
    assert np.array_equal(crop_centre(picture, 8), picture[:, :8])
