"""The predictor as something to evaluate, with the verdicts that serving would give."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ntf.evaluation.detectors import (
    Judge,
    ShippedDetector,
    decide_by_score,
    hash_content,
    judge_with,
)
from scans.verdict import ImageFacts, PixelFinding, choose_label
from scans.verdict import Thresholds as ServedThresholds
from tests.unit.ntf.evaluation_kit import Bright, Plain


@dataclass
class Info:
    version: str = "ntf-1"
    likely_ai_at: float = 0.7
    no_evidence_below: float = 0.3
    min_side_px: int = 96


@dataclass
class Said:
    raw_score: float
    trace_distance: float = 0.25
    doubts: tuple[str, ...] = ()


class FakePredictor:
    """Scores an image by its first value."""

    info = Info()

    def predict(self, images):
        return [Said(float(image[0, 0, 0]) / 255) for image in images]


def plain(value: int, side: int = 100) -> np.ndarray:
    return np.full((side, 2 * side, 3), value, np.uint8)


def test_gives_scores_distances_and_verdicts() -> None:
    detector = ShippedDetector(FakePredictor(), "ntf-1-abc")
    found = detector.judge([plain(255), plain(128), plain(0), plain(255, side=95)])
    assert found.raw_scores.tolist() == pytest.approx([1, 128 / 255, 0, 1])
    assert found.verdicts.tolist() == [0, 1, 2, 3]
    assert (found.distances == 0.25).all()
    assert (detector.name, detector.version) == ("ntf-1", "ntf-1-abc")
    assert detector.thresholds.balanced_at == 0.5


@pytest.mark.parametrize("score", [0, 0.2999, 0.3, 0.5, 0.6999, 0.7, 1])
@pytest.mark.parametrize("side", [95, 96])
@pytest.mark.parametrize("doubts", [(), ("flat_graphic",), ("destroyed",), ("looks_disagree",)])
def test_says_what_serving_says(score: float, side: int, doubts: tuple[str, ...]) -> None:
    """The rule is written twice, because a plain library may not import the service."""

    class One(FakePredictor):
        def predict(self, images):
            return [Said(score, doubts=doubts) for _ in images]

    found = ShippedDetector(One(), "1").judge([plain(0, side)])
    served = choose_label(
        PixelFinding(score, 0.5, 100, 1.0, doubts),
        ImageFacts(2 * side, side),
        ServedThresholds(0.7, 0.3, 96),
    )
    assert ("likely_ai", "uncertain", "no_evidence", "not_assessable")[found.verdicts[0]] == served


def test_thresholds_that_meet_leave_no_room_for_uncertain() -> None:
    assert decide_by_score(0.5, 0.5, 0.5) == "likely_ai"
    assert decide_by_score(0.49, 0.5, 0.5) == "no_evidence"


def test_a_plain_detector_is_no_judge() -> None:
    assert isinstance(Bright(), Judge)
    assert not isinstance(Plain(), Judge)
    found = judge_with(Plain(), [plain(10)])
    assert found.raw_scores[0] == 10
    assert found.verdicts[0] == -1
    assert np.isnan(found.distances[0])


def test_other_weights_have_another_hash(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.onnx", tmp_path / "model"
    file.write_bytes(b"weights")
    (folder / "part").mkdir(parents=True)
    (folder / "part" / "a.onnx").write_bytes(b"weights")
    first = hash_content(folder)
    assert len(hash_content(file)) == len(first) == 64
    (folder / "part" / "a.onnx").write_bytes(b"other weights")
    changed = hash_content(folder)
    (folder / "part" / "a.onnx").write_bytes(b"weights")
    assert hash_content(folder) == first
    (folder / "part" / "a.onnx").rename(folder / "a.onnx")
    assert len({first, changed, hash_content(folder)}) == 3
