"""An hour of mixed traffic at half of the capacity: memory by the minute, and what went wrong.

    python -m benchmarks.soak [--minutes 60] [--per-second 2]

By hand: `make soak`. It ends with status 1 where an error was ours, or where memory grew by more
than a tenth between the second tenth of the time and the last.
"""

import argparse
import statistics
import sys
import threading
import time
from itertools import islice
from urllib.parse import urlsplit

from benchmarks.open_loop import HEADER, Outcome, as_row, drive, summarise
from benchmarks.results import keep, print_table
from benchmarks.service import Service, running_service
from benchmarks.traffic import make_known, mixed, slow_host

SAMPLE_SECONDS = 20.0
MAX_GROWTH = 0.1


def main() -> None:
    """Print two tables, and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--per-second", type=float, default=2.0)
    given = parser.parse_args()
    seed = int(time.time())
    with slow_host(seed) as host:
        settings = {
            "NTF_ALLOW_PRIVATE_ADDRESSES": "true",
            "NTF_FETCH_PORTS": str(urlsplit(host).port),
        }
        with running_service(settings) as service:
            caller = service.caller()
            known = make_known(caller, seed)
            count = int(given.minutes * 60 * given.per_second)
            requests = list(islice(mixed(known, seed, host), count))
            with Sampler(service) as sampler:
                outcomes, lasted = drive(requests, lambda r: caller.send(r)[0], given.per_second)
    grown = {kind: growth(values) for kind, values in sampler.by_kind().items()}
    report(outcomes, lasted, grown, sampler.by_kind(), given.per_second)
    wrong = sum(not outcome.is_right for outcome in outcomes)
    sys.exit(wrong > 0 or any(share > MAX_GROWTH for share in grown.values()))


class Sampler:
    """Looks at the memory of the service's processes while the block runs."""

    def __init__(self, service: Service) -> None:
        self._service, self._stop = service, threading.Event()
        self._samples: list[dict[str, float]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self._samples.append(self._service.memory_mib())

    def by_kind(self) -> dict[str, list[float]]:
        """MiB of each kind of process, over time."""
        kinds = {kind for sample in self._samples for kind in sample}
        return {kind: [one[kind] for one in self._samples if kind in one] for kind in sorted(kinds)}


def growth(values: list[float]) -> float:
    """Of the last tenth over the second tenth: the first is warming up."""
    tenth = max(1, len(values) // 10)
    before, after = values[tenth : 2 * tenth] or values, values[-tenth:]
    return statistics.median(after) / statistics.median(before) - 1


def report(
    outcomes: list[Outcome],
    lasted: float,
    grown: dict[str, float],
    memory: dict[str, list[float]],
    per_second: float,
) -> None:
    """What came of the requests by kind, and of the memory."""
    kinds = sorted({outcome.request.kind for outcome in outcomes})
    by_kind = {kind: [one for one in outcomes if one.request.kind == kind] for kind in kinds}
    found = {
        kind: summarise(some, per_second * len(some) / len(outcomes), lasted)
        for kind, some in by_kind.items()
    }
    keep("soak", {"kinds": found, "growth": grown, "minutes": lasted / 60, "memory_mib": memory})
    print_table("Soak", [*HEADER, "errors"], [as_row(kind, one) for kind, one in found.items()])
    rows = [[kind, values[0], values[-1], 100 * grown[kind]] for kind, values in memory.items()]
    print_table("Memory", ["process", "first MiB", "last MiB", "grown, %"], rows)


if __name__ == "__main__":
    main()
