"""How a detector looks at an image, with a network whose answer is known."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from ntf.backends import Arrays
from ntf.errors import DetectionFailed
from ntf.predictor import Branch, Predictor
from ntf.preprocess import View

SETTINGS = {
    "info": {
        "name": "made",
        "version": "1",
        "threshold_version": "1",
        "likely_ai_at": 0.9,
        "no_evidence_below": 0.2,
        "min_side_px": 96,
    },
    "calibration": {
        "slope": 1.0,
        "intercept": 0.0,
        "real_distances": {"normal": [[0.5]], "small": [[0.5]]},
    },
    "gate": {
        "weights": [0.0] * 5,
        "bias": 0.0,
        "graphic_above": float("inf"),
        "blockiness_above": float("inf"),
    },
    "disagreement_above": 0.5,
}


def judge_roughness(crops: NDArray[np.float32]) -> Arrays:
    """A logit of 4 where neighbours differ, of -4 where they do not."""
    rough = np.abs(np.diff(crops, axis=3)).mean((1, 2, 3)) > 0.1
    logits = np.where(rough, 4.0, -4.0).astype(np.float32)
    return logits, 1 + logits / 4, np.ones((len(crops), 4, 4), np.float32)


@pytest.fixture
def predictor() -> Predictor:
    views = (View(shrink=1, max_windows=4), View(shrink=2, max_windows=1))
    return Predictor([Branch(judge_roughness, "made", 128, views, 1.0, 1.0)], SETTINGS)


def checkerboard(side: int) -> NDArray[np.uint8]:
    board = np.indices((side, side)).sum(0) % 2 * 255
    return np.repeat(board[..., None], 3, 2).astype(np.uint8)


PEAK = """
from ntf.predictor import Predictor
loaded = Predictor.load()
lines = dict(line.split(":") for line in open("/proc/self/status"))
print(lines["VmHWM"].split()[0], lines["VmRSS"].split()[0])
"""


def test_the_shipped_detector_is_loaded_in_less_than_a_gibibyte_and_gives_back_what_is_free() -> (
    None
):
    told = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    peak_mib, kept_mib = (int(figure) / 1024 for figure in told.stdout.split())
    assert peak_mib < 900
    assert kept_mib < 600


def test_views_that_differ_are_a_doubt(predictor: Predictor) -> None:
    """Rough at its own size, flat at half of it: one answer would be luck."""
    torn, whole = predictor.predict([checkerboard(256), np.zeros((256, 256, 3), np.uint8)])
    assert torn.doubts == ("looks_disagree",)
    assert whole.doubts == ()


def test_each_window_counts_alike(predictor: Predictor) -> None:
    """Four windows at its own size say 4, one at half of it says -4."""
    look = predictor.look(checkerboard(256))["made"]
    assert look.logit == pytest.approx((4 * 4 - 4) / 5)
    assert look.distance == pytest.approx((4 * 2 + 0) / 5)


def test_a_small_image_is_looked_at_in_one_view(predictor: Predictor) -> None:
    looks = predictor.look(checkerboard(128))
    assert len(looks["made"].logits) == 1
    assert predictor.disagreement(looks) == 0


def test_the_map_is_of_the_images_own_size(predictor: Predictor) -> None:
    (found,) = predictor.predict([checkerboard(256)])
    assert found.heatmap.shape == (16, 16)
    assert found.coverage == 1


def test_a_batch_says_what_each_image_alone_is_told(predictor: Predictor) -> None:
    """Crops of several sizes and images without a second view are among them."""
    images = [checkerboard(256), np.zeros((64, 300, 3), np.uint8), checkerboard(130)]
    together = predictor.predict(images)
    for image, found in zip(images, together, strict=True):
        (alone,) = predictor.predict([image])
        assert (found.raw_score, found.doubts) == (alone.raw_score, alone.doubts)
        assert np.array_equal(found.heatmap, alone.heatmap)


def test_a_batch_goes_through_the_network_at_once() -> None:
    calls: list[int] = []

    def count(crops: NDArray[np.float32]) -> Arrays:
        calls.append(len(crops))
        return judge_roughness(crops)

    views = (View(shrink=1, max_windows=4), View(shrink=2, max_windows=1))
    predictor = Predictor([Branch(count, "made", 128, views, 1.0, 1.0)], SETTINGS)
    predictor.predict([checkerboard(256)] * 3)
    assert calls == [15]
    predictor.predict([checkerboard(256)] * 14)
    assert calls == [15, 64, 6]


def test_a_detector_that_breaks_says_so_in_our_words() -> None:
    def run_out_of_memory(crops: NDArray[np.float32]) -> Arrays:
        raise RuntimeError("out of memory")

    views = (View(shrink=1, max_windows=1),)
    predictor = Predictor([Branch(run_out_of_memory, "made", 128, views, 1.0, 1.0)], SETTINGS)
    with pytest.raises(DetectionFailed, match="out of memory"):
        predictor.predict([checkerboard(256)])
