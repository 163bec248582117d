"""The stopwatches of the benchmarks, by a clock of our own."""

import pytest

from benchmarks.clock import medians, percentile, take_turns


class Clock:
    """Time goes on only while something is called."""

    def __init__(self) -> None:
        self.now = 0.0
        self.called: list[str] = []

    def __call__(self) -> float:
        return self.now

    def call(self, name: str, seconds: float) -> None:
        self.called.append(name)
        self.now += seconds


def test_calls_take_turns_and_the_first_round_is_not_kept() -> None:
    clock = Clock()
    calls = {"a": lambda: clock.call("a", 1), "b": lambda: clock.call("b", 2)}
    taken = take_turns(calls, seconds=6, at_least=1, clock=clock)
    assert clock.called == ["a", "b"] * 3
    assert taken == {"a": [1, 1], "b": [2, 2]}
    assert medians(taken) == {"a": 1, "b": 2}


def test_there_are_as_many_rounds_as_asked_for_however_long_they_take() -> None:
    clock = Clock()
    taken = take_turns({"a": lambda: clock.call("a", 9)}, seconds=1, at_least=3, clock=clock)
    assert taken == {"a": [9, 9, 9]}


@pytest.mark.parametrize(("percent", "value"), [(50, 5), (95, 10), (99, 10), (10, 1), (1, 1)])
def test_percentiles_are_values_that_were_measured(percent: float, value: float) -> None:
    assert percentile([float(x) for x in range(10, 0, -1)], percent) == value
