"""How fast a running service answers under a steady load: an open loop, so that waiting is counted.

python -m benchmarks.load [--address http://127.0.0.1:8080] [--key-file var/first-key.json]

Each request has its moment, whether or not those before it were answered; its time runs from that
moment. So a service that falls behind cannot hide it. With `--new-only` only new images are sent,
which needs no worker and no broker: stop them to see what callers feel when the broker is away.
"""

import argparse
import http.client
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

READY_WITHIN_SECONDS = 60
KNOWN_IMAGES, KNOWN_WITHIN_SECONDS = 50, 120
CONNECTIONS = 64
BOUNDARY = "ntf-load"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, and the statuses that are a right answer to it."""

    method: str
    path: str
    body: bytes | None
    expected: tuple[int, ...]


class Caller:
    """Sends requests to one service, each thread over a connection of its own."""

    def __init__(self, address: str, key: str) -> None:
        self._host = urlsplit(address).netloc
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        }
        self._local = threading.local()

    def send(self, request: Request) -> tuple[int, bytes]:
        """The answer's status and body; status 0 where there was none.

        A connection that the server has closed since its last answer is opened again, once.
        """
        connection = getattr(self._local, "connection", None)
        if connection is not None and (answer := self._try(connection, request)) is not None:
            return answer
        connection = self._local.connection = http.client.HTTPConnection(self._host, timeout=30)
        return self._try(connection, request) or (0, b"")

    def _try(
        self, connection: http.client.HTTPConnection, request: Request
    ) -> tuple[int, bytes] | None:
        try:
            connection.request(request.method, request.path, request.body, self._headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return None


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", default="http://127.0.0.1:8080")
    parser.add_argument("--key-file", type=Path, default=Path("var/first-key.json"))
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--per-second", type=float, default=100.0)
    parser.add_argument("--new-only", action="store_true")
    options = parser.parse_args()
    caller = Caller(options.address, json.loads(options.key_file.read_text())["key"])
    wait_until_ready(caller)
    pictures = make_pictures(int(time.time()))
    print("| what | asked, 1/s | answered, 1/s | p50 ms | p95 ms | p99 ms | max ms | errors |")
    print("|---|---|---|---|---|---|---|---|")
    if options.new_only:
        new = uploads(pictures)
        measure("new images", lambda _: next(new), caller, options.per_second, options.seconds)
        return
    known = make_known(caller, pictures)
    new = uploads(pictures)
    kinds: dict[str, Callable[[int], Request]] = {
        "known: look-up by hash": lambda at: known[at % len(known)][0],
        "known: the same upload": lambda at: known[at % len(known)][1],
        "mixed: one in 20 is new": lambda at: known[at % len(known)][0] if at % 20 else next(new),
    }
    for what, choose in kinds.items():
        measure(what, choose, caller, options.per_second, options.seconds)


def wait_until_ready(caller: Caller) -> None:
    """Until the service says that it takes requests."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while caller.send(Request("GET", "/readyz", None, ()))[0] != 200:
        if time.monotonic() > deadline:
            sys.exit("The service is not ready.")
        time.sleep(0.5)


def measure(
    what: str, choose: Callable[[int], Request], caller: Caller, per_second: float, seconds: float
) -> None:
    """Send at a steady pace and print a line of the table."""
    requests = [choose(at) for at in range(int(per_second * seconds))]
    taken: list[float] = []
    errors = 0
    began = time.perf_counter() + 0.5

    def send(at: int) -> tuple[float, bool]:
        moment = began + at / per_second
        time.sleep(max(0.0, moment - time.perf_counter()))
        status, _ = caller.send(requests[at])
        return (time.perf_counter() - moment) * 1000, status in requests[at].expected

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for milliseconds, is_right in pool.map(send, range(len(requests))):
            taken.append(milliseconds)
            errors += not is_right
    lasted = time.perf_counter() - began
    cuts = statistics.quantiles(taken, n=100)
    print(
        f"| {what} | {per_second:g} | {len(taken) / lasted:.0f} | {cuts[49]:.1f} | {cuts[94]:.1f} "
        f"| {cuts[98]:.1f} | {max(taken):.1f} | {errors} |",
        flush=True,
    )


def make_known(caller: Caller, pictures: Iterator[bytes]) -> list[tuple[Request, Request]]:
    """Images whose verdicts the service knows: for each a look-up, and the same upload again."""
    known = [next(pictures) for _ in range(KNOWN_IMAGES)]
    pairs = [(look_up(picture), upload(picture, (200,))) for picture in known]
    for _, again in pairs:
        caller.send(again)
    deadline = time.monotonic() + KNOWN_WITHIN_SECONDS
    while any(caller.send(look)[0] != 200 for look, _ in pairs):
        if time.monotonic() > deadline:
            sys.exit("The workers gave no verdicts: is one running?")
        time.sleep(1)
    return pairs


def look_up(picture: bytes) -> Request:
    """By the hash of the bytes."""
    return Request("GET", f"/v1/verdicts?sha256={sha256(picture).hexdigest()}", None, (200,))


def uploads(pictures: Iterator[bytes]) -> Iterator[Request]:
    """Images that the service has not seen."""
    return (upload(picture, (202,)) for picture in pictures)


def upload(picture: bytes, expected: tuple[int, ...]) -> Request:
    """The bytes, as a form."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()
    return Request("POST", "/v1/checks", body, expected)


def make_pictures(seed: int) -> Iterator[bytes]:
    """JPEG files of noise, each of its own."""
    rng = np.random.default_rng(seed)
    while True:
        file = BytesIO()
        Image.fromarray(rng.integers(0, 255, (128, 160, 3), dtype=np.uint8)).save(file, "JPEG")
        yield file.getvalue()


if __name__ == "__main__":
    main()
