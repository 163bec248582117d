"""One check by stage, from the request to the stored verdict: what costs beside the detector.

python -m benchmarks.stages [--threads 2]; one process, real PostgreSQL and Valkey, the steps of
the worker as they are, with a stopwatch around their parts. No waiting for a queue is in it.
"""

import argparse
import io
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from benchmarks.limits import make_jpeg
from benchmarks.results import keep, print_table
from cli.bootstrap import ensure_first_key, migrate
from cli.embedded import embedded_postgresql, embedded_valkey

ROUNDS = 12
# A photograph as the web shows it, and one as a telephone takes it.
SIZES = {"1024 x 768": (1024, 768), "4000 x 3000": (4000, 3000)}
DETECTOR = "the network"
# Stage, and the functions of which module it is made of.
PARTS = {
    "decode, in its process": ("images.decoder_pool:DecoderPool.decode",),
    "read provenance, in its process": ("images.decoder_pool:DecoderPool.read_provenance",),
    "hash of the pixels": ("images.decoded_image:pixels_sha256",),
    "perceptual hash (PDQ)": ("worker.fetch_image:pdq_hash",),
    "keep bytes": ("scans.image_store:FolderStore.save",),
    "keep pixels": ("worker.fetch_image:save_pixels",),
    "claim": ("worker.tasks:claim_some",),
    "map pixels": ("worker.judge_images:map_pixels",),
    "cut crops": ("ntf.predictor:cut", "ntf.predictor:to_batch"),
    DETECTOR: ("ntf.predictor:open_network",),
    "draw the heatmap": ("worker.judge_images:render_heatmap",),
}
WHOLE = ("request", "fetch", "detect")


class Stopwatch:
    """Sums the time of each part within one round. A part within a part counts for itself alone."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside: list[float] = []

    def around(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        @wraps(function)
        def timed(*args: Any, **named: Any) -> Any:
            with self.part(part):
                return function(*args, **named)

        return timed

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time a block."""
        start = time.perf_counter()
        self._inside.append(0.0)
        try:
            yield
        finally:
            taken = time.perf_counter() - start
            self.seconds[name] += taken - self._inside.pop()
            if self._inside:
                self._inside[-1] += taken


def main() -> None:
    """Print a table for each size, and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    measure(parser.parse_args().threads)


def measure(threads: int, rounds: int = ROUNDS) -> None:
    """Each size by itself."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        start_servers(Path(folder), servers, threads)
        watch = Stopwatch()
        install(watch)
        check = open_check(Path(folder), watch)
        found = {size: time_rounds(check, watch, pair, rounds) for size, pair in SIZES.items()}
    keep("stages", {"milliseconds": found, "threads": threads, "rounds": rounds})
    for size, stages in found.items():
        total = sum(stages.values())
        rows = [[stage, ms, 100 * ms / total] for stage, ms in stages.items()]
        rows.append(["all", total, 100.0])
        print_table(f"One check of {size} px by stage", ["stage", "median ms", "%"], rows)


def start_servers(root: Path, servers: ExitStack, threads: int) -> None:
    """PostgreSQL and Valkey, named in the environment as for a worker."""
    os.environ |= {
        "NTF_DATABASE_URL": servers.enter_context(embedded_postgresql(root / "postgresql")),
        "NTF_BROKER_URL": servers.enter_context(embedded_valkey(root / "valkey")),
        "NTF_SECRET_KEY": "a secret that is only good for this measurement",
        "NTF_IMAGE_FOLDER": str(root / "images"),
        "NTF_DETECTOR_THREADS": str(threads),
        "NTF_DECODE_TIMEOUT_SECONDS": "30",
        # What is measured here is our code around one network, whatever engines are installed.
        "NTF_DETECTOR_BACKEND": "onnx",
    }


def install(watch: Stopwatch) -> None:
    """Put the stopwatch around the parts, where their callers look them up."""
    for part, places in PARTS.items():
        for place in places:
            module, _, path = place.partition(":")
            owner: Any = __import__(module, fromlist=["_"])
            *classes, name = path.split(".")
            for one in classes:
                owner = getattr(owner, one)
            function = getattr(owner, name)
            if part == DETECTOR:
                timed = opened_with(watch, function)
            else:
                timed = watch.around(part, function)
            setattr(owner, name, timed)


def opened_with(watch: Stopwatch, open_network: Callable[..., Any]) -> Callable[..., Any]:
    """Time the network that is opened, not its opening."""
    return lambda *args, **named: watch.around(DETECTOR, open_network(*args, **named))


def open_check(root: Path, watch: Stopwatch) -> Callable[[bytes], None]:
    """What brings one upload from the request to the stored verdict."""
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

    def check(content: bytes) -> None:
        form = {"image": (io.BytesIO(content), "a.jpg")}
        with watch.part("request"):
            answer = client.post("/v1/checks", data=form, headers=headers)
        assert answer.status_code == 202, answer.get_data(as_text=True)
        with watch.part("fetch"):
            assert tasks.fetch()
        with watch.part("detect"):
            assert tasks.detect_batch()

    return check


def time_rounds(
    check: Callable[[bytes], None], watch: Stopwatch, size: tuple[int, int], rounds: int
) -> dict[str, float]:
    """Median milliseconds of each stage, the first two rounds left out."""
    taken: dict[str, list[float]] = {name: [] for name in (*PARTS, *WHOLE)}
    for at in range(rounds + 2):
        watch.seconds.clear()
        # Another quality each time: a score of pixels that are known would be taken.
        check(make_jpeg(*size, quality=92 - at))
        if at >= 2:
            for name, times in taken.items():
                times.append(watch.seconds.get(name, 0.0) * 1000)
    names = {name: f"{name}: all else, rows above all" for name in WHOLE}
    return {names.get(name, name): statistics.median(times) for name, times in taken.items()}


if __name__ == "__main__":
    main()
