"""How long calls take, measured in turns: what disturbs the machine then disturbs all alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from math import ceil

Calls = Mapping[str, Callable[[], object]]


def take_turns(
    calls: Calls,
    *,
    seconds: float,
    at_least: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each call, by its name, over as many rounds as fit; a first one is not kept."""
    for call in calls.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    end, rounds = clock() + seconds, 0
    while rounds < at_least or clock() < end:
        for name, call in calls.items():
            start = clock()
            call()
            taken[name].append(clock() - start)
        rounds += 1
    return taken


def medians(taken: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of each, in seconds."""
    return {name: statistics.median(times) for name, times in taken.items()}


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that at least `percent` of all values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, ceil(len(ranked) * percent / 100) - 1)]
