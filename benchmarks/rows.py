"""What one check costs beside the detector: processor time of our code and of PostgreSQL.

    python -m benchmarks.rows [--beside FOLDER]

With the tiny detector, in one process, on servers of its own: a small picture is asked for, fetched
and judged, again and again. `--beside` names another checkout of this repository, which is measured
in turns with this one, so that both meet the same neighbours on a busy machine.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psutil

from benchmarks.results import keep, print_table
from benchmarks.stages import start_servers
from cli.bootstrap import ensure_first_key, migrate
from ntf.predictor import SHIPPED
from tests.pictures import as_jpeg, noise

TURNS, BLOCKS, CHECKS = 3, 4, 40
PARTS = ("request", "fetch", "detect", "PostgreSQL")
HERE = Path(__file__).resolve().parents[1]
Seconds = dict[str, float]


def main() -> None:
    """Measure this checkout, and the other in turns with it, and print their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside", type=Path, help="another checkout")
    parser.add_argument("--one", action="store_true", help="print this checkout's blocks as JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure()))
    else:
        compare(HERE, given.beside)


def compare(here: Path, beside: Path | None) -> None:
    """Medians over all blocks, in milliseconds a check."""
    folders = {"here": here} | ({"beside": beside.resolve()} if beside else {})
    blocks: dict[str, list[Seconds]] = {name: [] for name in folders}
    for _ in range(TURNS):
        for name, folder in folders.items():
            blocks[name] += measure_in(folder)
    medians = {name: median_ms(found) for name, found in blocks.items()}
    keep("rows", {"milliseconds": medians, "checks": TURNS * (BLOCKS - 1) * CHECKS})
    columns = list(medians)
    rows = [[part, *(medians[name][part] for name in columns)] for part in (*PARTS, "all")]
    if beside:
        columns.append("ratio")
        for row in rows:
            row.append(row[1] / row[2])
    print_table("Processor milliseconds a check", ["part", *columns], rows)


def measure_in(folder: Path) -> list[Seconds]:
    """The blocks of a checkout, in a process of its own, by this file whatever lies there."""
    # Without -P the modules beside this file would be found before the packages of the checkout.
    command = [sys.executable, "-P", __file__, "--one"]
    environment = {name: value for name, value in os.environ.items() if name[:4] != "NTF_"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment | {"PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a line for each step
        check=True,
    )
    found: list[Seconds] = json.loads(done.stdout.splitlines()[-1])
    return found


def median_ms(blocks: list[Seconds]) -> dict[str, float]:
    """Each part's, and that of their sums."""
    found = {part: statistics.median(block[part] for block in blocks) * 1000 for part in PARTS}
    return found | {"all": statistics.median(sum(block.values()) for block in blocks) * 1000}


def measure() -> list[Seconds]:
    """Seconds a check of each block; the first block, in which all is opened, is left out."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        root = Path(folder)
        start_servers(root, servers, threads=1)
        os.environ["NTF_MODEL_PATH"] = str(SHIPPED.with_name("ntf-tiny"))
        steps = open_steps(root)
        postmaster = psutil.Process(int(next(root.rglob("postmaster.pid")).read_text().split()[0]))
        return [
            time_block(steps, postmaster, range(at * CHECKS, (at + 1) * CHECKS))
            for at in range(BLOCKS)
        ][1:]


def open_steps(root: Path) -> dict[str, Callable[[bytes], None]]:
    """What brings an upload from the request to the stored verdict."""
    # Their settings are read when they are imported.
    from api.app import create_app  # noqa: PLC0415
    from scans.database import open_sessions  # noqa: PLC0415
    from scans.settings import load_settings  # noqa: PLC0415

    settings = load_settings()
    migrate(settings.database_url)
    key = ensure_first_key(open_sessions(settings.database_url), root / "key.json").key
    client = create_app(settings).test_client()
    headers = {"Authorization": f"Bearer {key}"}
    from worker import tasks  # noqa: PLC0415

    def request(content: bytes) -> None:
        form = {"image": (io.BytesIO(content), "a.jpg")}
        assert client.post("/v1/checks", data=form, headers=headers).status_code == 202

    def fetch(_: bytes) -> None:
        assert tasks.fetch()

    def detect(_: bytes) -> None:
        assert tasks.detect_batch()

    return {"request": request, "fetch": fetch, "detect": detect}


def time_block(
    steps: dict[str, Callable[[bytes], None]], postmaster: psutil.Process, seeds: range
) -> Seconds:
    """Processor seconds a check; what the decoders' processes do is not in it."""
    taken = dict.fromkeys(steps, 0.0)
    before = processor_seconds(postmaster)
    for seed in seeds:
        content = as_jpeg(noise(seed))
        for name, step in steps.items():
            began = time.process_time()
            step(content)
            taken[name] += time.process_time() - began
    taken["PostgreSQL"] = processor_seconds(postmaster) - before
    return {name: seconds / len(seeds) for name, seconds in taken.items()}


def processor_seconds(postmaster: psutil.Process) -> float:
    """Of all PostgreSQL's processes until now."""
    times = [one.cpu_times() for one in (postmaster, *postmaster.children(recursive=True))]
    return sum(one.user + one.system for one in times)


if __name__ == "__main__":
    main()
