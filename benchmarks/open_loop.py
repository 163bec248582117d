"""An open loop: each request has its moment, whether or not those before it were answered.

Its time runs from that moment, so a service that falls behind cannot hide it.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from benchmarks.caller import Request
from benchmarks.clock import percentile

CONNECTIONS = 64
LEAD_SECONDS = 0.5
Send = Callable[[Request], int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request: its time from its moment on, and the last status (0: no answer)."""

    request: Request
    milliseconds: float
    status: int

    @property
    def is_right(self) -> bool:
        """Whether the answer is one that the request may get."""
        return self.status in self.request.expected


def drive(
    requests: Sequence[Request], send: Send, per_second: float, *, connections: int = CONNECTIONS
) -> tuple[list[Outcome], float]:
    """Send at a steady pace. Returns the outcomes, and how many seconds all of it took."""
    began = time.perf_counter() + LEAD_SECONDS

    def act(at: int) -> Outcome:
        moment = began + at / per_second
        time.sleep(max(0.0, moment - time.perf_counter()))
        status = send(requests[at])
        return Outcome(requests[at], (time.perf_counter() - moment) * 1000, status)

    with ThreadPoolExecutor(connections) as pool:
        outcomes = list(pool.map(act, range(len(requests))))
    return outcomes, time.perf_counter() - began


def summarise(outcomes: Sequence[Outcome], asked: float, lasted: float) -> dict[str, Any]:
    """Percentiles over all, and the answers that were not right, by status."""
    times = [outcome.milliseconds for outcome in outcomes]
    wrong = Counter(str(outcome.status) for outcome in outcomes if not outcome.is_right)
    return {
        "asked_a_second": asked,
        "answered_a_second": len(outcomes) / lasted,
        "count": len(outcomes),
        "p50_ms": percentile(times, 50),
        "p95_ms": percentile(times, 95),
        "p99_ms": percentile(times, 99),
        "max_ms": max(times),
        "errors": dict(wrong),
    }


HEADER = ("what", "asked, 1/s", "answered, 1/s", "count", "p50 ms", "p95 ms", "p99 ms", "max ms")


def as_row(what: str, found: dict[str, Any]) -> list[object]:
    """One line under `HEADER`, with the errors at its end."""
    figures = [value for name, value in found.items() if name != "errors"]
    wrong = ", ".join(f"{count} x {status}" for status, count in found["errors"].items())
    return [what, *figures, wrong or "0"]
