"""How fast a running service answers under a steady load.

    python -m benchmarks.load [--address http://127.0.0.1:8080] [--key-file var/first-key.json]

With `--new-only` only new images are sent, which needs no worker and no broker: stop them to see
what callers feel when the broker is away. `--mixed` sends fresh, repeated, large and broken images.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.caller import Caller, Request, look_up, upload
from benchmarks.open_loop import HEADER, as_row, drive, summarise
from benchmarks.results import print_table
from benchmarks.traffic import ANSWERS, fresh, make_known, mixed

READY_WITHIN_SECONDS = 60


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:8080")
    parser.add_argument("--key-file", type=Path, default=Path("var/first-key.json"))
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--per-second", type=float, default=100.0)
    parser.add_argument("--new-only", action="store_true")
    parser.add_argument("--mixed", action="store_true")
    given = parser.parse_args()
    caller = Caller(given.address, json.loads(given.key_file.read_text())["key"])
    wait_until_ready(caller)
    rows = []
    for what, stream in choose_streams(caller, given, seed=int(time.time())).items():
        requests = list(islice(stream, int(given.per_second * given.seconds)))
        outcomes, lasted = drive(requests, lambda one: caller.send(one)[0], given.per_second)
        rows.append(as_row(what, summarise(outcomes, given.per_second, lasted)))
    print_table("Load", [*HEADER, "errors"], rows)


def wait_until_ready(caller: Caller) -> None:
    """Until the service says that it takes requests."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while caller.send(Request("GET", "/readyz", None, ()))[0] != 200:
        if time.monotonic() > deadline:
            sys.exit("The service is not ready.")
        time.sleep(0.5)


def choose_streams(
    caller: Caller, given: argparse.Namespace, seed: int
) -> dict[str, Iterator[Request]]:
    """What is sent, by its name in the table."""
    if given.new_only:
        return {"new images": fresh(seed)}
    known = make_known(caller, seed)
    if given.mixed:
        return {"mixed": mixed(known, seed, None)}
    return {
        "known: look-up by hash": cycle(look_up(picture) for picture in known),
        "known: the same upload": cycle(upload(picture, ANSWERS) for picture in known),
    }


def cycle(requests: Iterator[Request]) -> Iterator[Request]:
    """The same ones over and over."""
    kept = list(requests)
    while True:
        yield from kept


if __name__ == "__main__":
    main()
