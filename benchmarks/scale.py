"""How many workers, rows and dollars for 1 to 1,000 images a second: a discrete-event simulation.

    python -m benchmarks.scale [--core-dollars 0.02]

Fed with the stage times of `benchmarks.stages` (run that first) and a published distribution of the
sizes of images on the web. An image comes, is fetched and decoded by a core of the `fetch` workers,
and judged by one of the `detect` workers; arrivals are random (Poisson), repeats cost a look-up.
The number of workers is the smallest with which 95 % of the checks end within the wanted time.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import simpy

from benchmarks.clock import percentile
from benchmarks.results import keep, print_table, read

RATES = (1, 10, 100, 1000)
WANTED_P95_SECONDS = 2.0
CHECKS = 4000
REPEATED = 0.3
# Upper megapixels of a bucket, and JPEG files in it, in thousands: HTTP Archive of 2024, desktop,
# by the wiki page "Bits per pixel of Internet images" of webmproject/codec-compare. The last bucket
# (photographs as a telephone takes them) is our own guess, at a twentieth.
SIZES = (
    (0.1, 14319),
    (0.2, 3931),
    (0.3, 2622),
    (0.4, 1829),
    (0.5, 1271),
    (0.6, 822),
    (0.7, 893),
    (0.8, 601),
    (12.0, 1315),
)
# What a check leaves behind, from the tables and the store (see docs/scale.md).
ROW_BYTES, BYTES_KEPT = 4_000, 150_000
FETCH_STAGES = ("decode, in its process", "read provenance, in its process", "hash of the pixels")
FETCH_STAGES += (
    "perceptual hash (PDQ)",
    "keep bytes",
    "keep pixels",
    "fetch: all else, rows above all",
)
NETWORK = "the network"
SMALL, LARGE = ("1024 x 768", 1024 * 768 / 1e6), ("4000 x 3000", 12.0)


@dataclass(frozen=True, slots=True)
class Costs:
    """Core seconds of one check: the part that every image costs, and the part by the megapixel."""

    fetch: float
    fetch_by_megapixel: float
    detect: float
    detect_by_megapixel: float


def main() -> None:
    """Print the tables, and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core-dollars", type=float, default=0.02, help="of one core for an hour")
    measure(parser.parse_args().core_dollars)


def measure(core_dollars: float) -> None:
    """Every rate by itself."""
    stages = read().get("stages")
    if stages is None:
        sys.exit("Run `python -m benchmarks.stages` first: its times are what is simulated.")
    costs = read_costs(stages["milliseconds"], stages["threads"])
    found = {rate: describe(rate, costs, core_dollars) for rate in RATES}
    keep("scale", {"rates": {str(rate): figures for rate, figures in found.items()}})
    header = ["images/s", *(name.replace("_", " ") for name in found[1])]
    print_table("Scale", header, [[rate, *figures.values()] for rate, figures in found.items()])


def read_costs(milliseconds: dict[str, dict[str, float]], threads: int) -> Costs:
    """A line through both measured sizes, for either worker."""
    sizes = {name: milliseconds[name] for name, _ in (SMALL, LARGE)}
    fetch = [sum(found.get(stage, 0) for stage in FETCH_STAGES) for found in sizes.values()]
    # The network keeps all its threads busy; everything else runs on one.
    detect = [
        found[NETWORK] * threads
        + sum(found[stage] for stage in ("cut crops", "draw the heatmap", "map pixels"))
        + found["detect: all else, rows above all"]
        for found in sizes.values()
    ]
    span = LARGE[1] - SMALL[1]
    slopes = [max(0.0, (large - small) / span) for small, large in (fetch, detect)]
    bases = [
        max(0.0, small - slope * SMALL[1])
        for (small, _), slope in zip((fetch, detect), slopes, strict=True)
    ]
    return Costs(bases[0] / 1e3, slopes[0] / 1e3, bases[1] / 1e3, slopes[1] / 1e3)


def draw_megapixels(rng: random.Random) -> float:
    """The size of an image as the web has them."""
    at = rng.choices(range(len(SIZES)), [count for _, count in SIZES])[0]
    low = SIZES[at - 1][0] if at else 0.01
    return rng.uniform(low, SIZES[at][0])


def describe(rate: float, costs: Costs, core_dollars: float) -> dict[str, Any]:
    """Cores, times, growth and cost at one rate."""
    fetch, detect, times = find_cores(rate, costs)
    new_a_day = rate * (1 - REPEATED) * 86_400
    cores = fetch + detect
    return {
        "fetch_cores": fetch,
        "detect_cores": detect,
        "p50_s": percentile(times, 50),
        "p95_s": percentile(times, 95),
        "rows_gb_a_year": new_a_day * 365 * ROW_BYTES / 1e9,
        "images_tb_a_month": new_a_day * 30 * BYTES_KEPT / 1e12,
        "dollars_a_million": cores * core_dollars / 3600 / rate * 1e6,
    }


def find_cores(rate: float, costs: Costs) -> tuple[int, int, list[float]]:
    """The fewest cores of each worker with which the wanted time is kept."""
    rng = random.Random(0)
    sizes = [draw_megapixels(rng) for _ in range(2000)]
    mean = sum(sizes) / len(sizes)
    new = rate * (1 - REPEATED)
    load = (
        new * (costs.fetch + costs.fetch_by_megapixel * mean),
        new * (costs.detect + costs.detect_by_megapixel * mean),
    )
    room = 1.0
    while True:
        room *= 1.1
        fetch, detect = (max(1, ceil(one * room)) for one in load)
        times = simulate(rate, costs, fetch, detect)
        # One image by itself may take longer than wanted; then more cores are of no use.
        if percentile(times, 95) <= WANTED_P95_SECONDS or room > 4:
            return fetch, detect, times


def simulate(rate: float, costs: Costs, fetch_cores: int, detect_cores: int) -> list[float]:
    """Seconds from arrival to verdict of some thousand checks, each on one core at a time."""
    rng, environment = random.Random(1), simpy.Environment()
    pools = (
        simpy.Resource(environment, fetch_cores),
        simpy.Resource(environment, detect_cores),
    )
    times: list[float] = []

    def check(megapixels: float) -> Iterator[Any]:
        began = environment.now
        seconds = (
            costs.fetch + costs.fetch_by_megapixel * megapixels,
            costs.detect + costs.detect_by_megapixel * megapixels,
        )
        for pool, lasts in zip(pools, seconds, strict=True):
            with pool.request() as turn:
                yield turn
                yield environment.timeout(lasts)
        times.append(environment.now - began)

    def arrive() -> Iterator[Any]:
        for _ in range(CHECKS):
            yield environment.timeout(rng.expovariate(rate * (1 - REPEATED)))
            environment.process(check(draw_megapixels(rng)))

    environment.process(arrive())
    environment.run()
    return times


if __name__ == "__main__":
    main()
