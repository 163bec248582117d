"""Which engine runs the network: the fastest of those that agree, by a clock of our own."""

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from ntf.backends import (
    Arrays,
    Network,
    choose_fastest,
    has_openvino,
    open_on_cpu,
    open_onnxruntime,
    sample_crops,
)
from ntf.predictor import SHIPPED

TINY = SHIPPED.with_name("ntf-tiny") / "tiny.onnx"


class Clock:
    """Time goes on only while a network runs."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def network_that_takes(clock: Clock, seconds: float, logit: float = 0.0) -> Network:
    def run(crops: NDArray[np.float32]) -> Arrays:
        clock.now += seconds
        count = len(crops)
        return (
            np.full(count, logit, np.float32),
            np.zeros(count, np.float32),
            np.zeros((count, 1, 1), np.float32),
        )

    return run


@pytest.mark.parametrize(("ours", "theirs", "chosen"), [(3, 1, "theirs"), (1, 3, "ours")])
def test_the_faster_one_is_chosen(ours: float, theirs: float, chosen: str) -> None:
    clock = Clock()
    networks = {
        "ours": network_that_takes(clock, ours),
        "theirs": network_that_takes(clock, theirs),
    }
    assert choose_fastest(networks, sample_crops(32), seconds=20, clock=clock) == chosen


def test_one_that_gives_other_answers_is_not_chosen_however_fast() -> None:
    clock = Clock()
    networks = {
        "ours": network_that_takes(clock, 9),
        "theirs": network_that_takes(clock, 1, logit=0.2),
    }
    assert choose_fastest(networks, sample_crops(32), seconds=20, clock=clock) == "ours"


def test_it_measures_no_longer_than_it_is_told() -> None:
    clock = Clock()
    networks = {name: network_that_takes(clock, 0.5) for name in ("ours", "theirs")}
    choose_fastest(networks, sample_crops(32), seconds=2, clock=clock)
    # Once each to compare the answers, then two turns.
    assert clock.now == 1 + 2


@pytest.fixture
def without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)


@pytest.mark.usefixtures("without_openvino")
def test_without_openvino_there_is_nothing_to_choose() -> None:
    assert not has_openvino()
    crops = sample_crops(64)
    chosen, wanted = open_on_cpu(TINY, 64, 1, "auto")(crops), open_onnxruntime(TINY, 1)(crops)
    assert [part.tolist() for part in chosen] == [part.tolist() for part in wanted]


@pytest.mark.usefixtures("without_openvino")
def test_an_engine_that_is_wanted_and_missing_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="openvino"):
        open_on_cpu(TINY, 64, 1, "openvino")
