"""From an upload to its verdict over HTTP, and what a known image costs: a service of its own.

    python -m benchmarks.end_to_end [--seconds 20]

First the capacity, by callers who each wait for their verdict before they send the next; then an
open loop at one check a second and at 50, 80 and 120 % of that capacity. Warm: the detector is
loaded before. The caller runs on the same machine and takes its share of it.
"""

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from benchmarks.caller import Caller, Request, look_up
from benchmarks.open_loop import HEADER, as_row, drive, summarise
from benchmarks.results import keep, print_table
from benchmarks.service import running_service
from benchmarks.traffic import fresh, make_known

KNOWN_PER_SECOND = 100.0
CLOSED_CALLERS = 8
SHARES_OF_CAPACITY = (0.5, 0.8, 1.2)
WAIT_SECONDS, LOOK_AGAIN_SECONDS, GIVE_UP_SECONDS = 8, 0.1, 60.0
ENDED = ("done", "failed")


def main() -> None:
    """Print the tables, and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each rate")
    measure(parser.parse_args().seconds)


def measure(seconds: float) -> None:
    """One service for all of it."""
    seed = int(time.time())
    with running_service() as service:
        caller = service.caller()
        known = make_known(caller, seed)
        cached = measure_known(caller, known, seconds)
        capacity = measure_capacity(caller, seed, seconds)
        rates = {"1 a second": 1.0} | {
            f"{share:.0%} of capacity": share * capacity for share in SHARES_OF_CAPACITY
        }
        found = {
            name: measure_rate(caller, rate, seconds, seed + at)
            for at, (name, rate) in enumerate(rates.items(), 1)
        }
        memory = service.memory_mib()
    first = found["1 a second"]
    keep("api", {"cached": cached, "cached_p99_ms": cached["p99_ms"]})
    keep(
        "check",
        {
            "rates": found,
            "capacity_a_second": capacity,
            "p50_ms": first["p50_ms"],
            "p95_ms": first["p95_ms"],
            "memory_mib": memory,
        },
    )
    header = [*HEADER, "errors"]
    print_table("A known image: look-up by hash", header, [as_row("known", cached)])
    title = f"Upload to verdict; capacity {capacity:.1f} checks a second"
    print_table(title, header, [as_row(name, figures) for name, figures in found.items()])


def measure_known(caller: Caller, known: list[bytes], seconds: float) -> dict[str, Any]:
    """Look-ups by hash at a steady pace."""
    count = int(KNOWN_PER_SECOND * seconds)
    requests = [look_up(known[at % len(known)]) for at in range(count)]
    drive(requests[:200], lambda one: caller.send(one)[0], KNOWN_PER_SECOND)  # connections open
    outcomes, lasted = drive(requests, lambda one: caller.send(one)[0], KNOWN_PER_SECOND)
    return summarise(outcomes, KNOWN_PER_SECOND, lasted)


def measure_capacity(caller: Caller, seed: int, seconds: float) -> float:
    """Checks a second with a few callers, each waiting for its verdict."""
    new = fresh(seed, wait_seconds=WAIT_SECONDS)
    requests = list(islice(new, int(seconds * 20)))
    end = time.perf_counter() + seconds

    def work(at: int) -> int:
        done = 0
        for request in requests[at::CLOSED_CALLERS]:
            if time.perf_counter() > end:
                break
            done += send_and_wait(caller, request) == 200
        return done

    began = time.perf_counter()
    with ThreadPoolExecutor(CLOSED_CALLERS) as pool:
        done = sum(pool.map(work, range(CLOSED_CALLERS)))
    return done / (time.perf_counter() - began)


def measure_rate(caller: Caller, per_second: float, seconds: float, seed: int) -> dict[str, Any]:
    """Fresh uploads at a steady pace, each until its verdict."""
    count = max(1, int(per_second * seconds))
    requests = list(islice(fresh(seed, wait_seconds=WAIT_SECONDS), count))
    outcomes, lasted = drive(requests, lambda one: send_and_wait(caller, one), per_second)
    return summarise(outcomes, per_second, lasted)


def send_and_wait(caller: Caller, request: Request) -> int:
    """200 when there is a verdict; the status that stood in its way, or 0, where there is none."""
    status, body = caller.send(request)
    deadline = time.perf_counter() + GIVE_UP_SECONDS
    while status in {200, 202}:
        check = json.loads(body)
        if check["status"] in ENDED:
            return 200 if check["status"] == "done" else 500
        if time.perf_counter() > deadline:
            return 0
        time.sleep(LOOK_AGAIN_SECONDS)
        status, body = caller.send(Request("GET", f"/v1/checks/{check['id']}", None, (200,)))
    return status


if __name__ == "__main__":
    main()
