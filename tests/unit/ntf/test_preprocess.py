"""Windows of native pixels, spread over the image."""

import numpy as np
import pytest

from ntf.preprocess import View, choose_in_view, choose_windows, coverage_of, cut, to_batch


@pytest.mark.parametrize(
    ("height", "width"), [(16, 16), (31, 500), (100, 100), (256, 256), (161, 160), (3000, 4000)]
)
def test_windows_lie_inside_and_are_few(height: int, width: int) -> None:
    windows = choose_windows(height, width, 160, 9)
    assert 1 <= len(windows) <= 9
    for window in windows:
        assert window.side % 32 == 0
        if min(height, width) >= 32:
            assert 0 <= window.top <= height - window.side
            assert 0 <= window.left <= width - window.side


def test_an_image_of_two_crops_is_seen_whole() -> None:
    assert coverage_of(choose_windows(256, 256, 160, 9), 256, 256) == 1
    assert coverage_of(choose_windows(3000, 4000, 160, 9), 3000, 4000) < 0.03


def test_a_tiny_image_is_mirrored_to_the_smallest_window() -> None:
    image = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    (window,) = choose_windows(16, 16, 160, 9)
    crop = cut(image, window)
    assert crop.shape == (32, 32, 3)
    assert np.array_equal(crop[:16, :16], image)


def test_pixels_are_cut_not_resized() -> None:
    image = np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    for window in choose_windows(300, 400, 160, 9):
        expected = image[window.top : window.top + 160, window.left : window.left + 160]
        assert np.array_equal(cut(image, window), expected)
        batch = to_batch([cut(image, window)])
        assert batch.shape == (1, 3, 160, 160)
        assert batch[0, :, 5, 7] == pytest.approx(expected[5, 7] / 255)


def test_windows_of_a_large_image_are_not_its_corners() -> None:
    windows = choose_windows(1000, 2000, 128, 4)
    assert [(window.top, window.left) for window in windows] == [
        (186, 436),
        (186, 1436),
        (686, 436),
        (686, 1436),
    ]


def test_a_window_at_half_size_takes_the_mean_of_four_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (261, 400, 3)).astype(np.uint8)
    (window,) = choose_in_view(261, 400, 128, View(shrink=2, max_windows=1))
    assert (window.top, window.left) == (1, 36)
    shown = cut(image, window, 2)
    assert shown.shape == (128, 128, 3)
    expected = image[2 * (1 + 7) : 2 * (1 + 7) + 2, 2 * (36 + 9) : 2 * (36 + 9) + 2].mean((0, 1))
    assert shown[7, 9] == pytest.approx(expected, abs=0.51)


def test_a_small_image_has_no_view_at_half_size() -> None:
    assert choose_in_view(190, 400, 128, View(shrink=2, max_windows=1)) == []
    assert len(choose_in_view(190, 400, 128, View(shrink=1, max_windows=4))) == 4
