"""What a service is sent: known images, new ones, large ones, broken ones, and slow hosts."""

import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

from benchmarks.caller import Caller, Request, look_up, make_pictures, upload

KNOWN_IMAGES, KNOWN_WITHIN_SECONDS = 50, 240
# Shares of the mixed traffic.
MIX = {"repeated": 0.55, "fresh": 0.30, "broken": 0.08, "large": 0.02, "slow host": 0.05}
LARGE_PX = (4000, 3000)
SLOW_SECONDS = 2.0
# Of a slow host's address, or of any upload; whether it is known already is not ours to say.
ANSWERS = (200, 202)


def make_known(caller: Caller, seed: int, images: int = KNOWN_IMAGES) -> list[bytes]:
    """Images whose verdicts the service knows."""
    made = make_pictures(seed)
    known = [next(made) for _ in range(images)]
    for picture in known:
        caller.send(upload(picture, ANSWERS))
    deadline = time.monotonic() + KNOWN_WITHIN_SECONDS
    while any(caller.send(look_up(picture))[0] != 200 for picture in known):
        if time.monotonic() > deadline:
            sys.exit("The workers gave no verdicts: is one running?")
        time.sleep(1)
    return known


def fresh(seed: int, *, wait_seconds: int = 0) -> Iterator[Request]:
    """Images that the service has not seen, of a size as the web shows them."""
    for picture in make_pictures(seed, 512, 384):
        yield upload(picture, ANSWERS, "fresh", wait_seconds=wait_seconds)


def mixed(known: list[bytes], seed: int, slow_address: str | None) -> Iterator[Request]:
    """The mix without an end; without slow hosts where there is no address of one."""
    rng, numbers, new = random.Random(seed), count(), fresh(seed)
    large = next(make_pictures(seed, *LARGE_PX))
    makers: dict[str, Callable[[], Request]] = {
        "repeated": lambda: look_up(rng.choice(known), "repeated"),
        "fresh": lambda: next(new),
        "broken": lambda: upload(rng.choice(known)[: rng.randrange(10, 900)], ANSWERS, "broken"),
        # Other bytes behind the end of the picture: another file, so it is decoded again.
        "large": lambda: upload(large + str(next(numbers)).encode(), ANSWERS, "large"),
        "slow host": lambda: by_address(f"{slow_address}/{seed}-{next(numbers)}.jpg"),
    }
    shares = {kind: share for kind, share in MIX.items() if kind != "slow host" or slow_address}
    while True:
        (kind,) = rng.choices(list(shares), list(shares.values()))
        yield makers[kind]()


def by_address(address: str) -> Request:
    """A check of what an address shows."""
    body = json.dumps({"url": address}).encode()
    return Request("POST", "/v1/checks", body, ANSWERS, "slow host", "application/json")


@contextmanager
def slow_host(seed: int) -> Iterator[str]:
    """A host that takes two seconds to send a picture. Gives its address."""
    picture = next(make_pictures(seed))

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(picture)))
            self.end_headers()
            for part in (picture[:100], picture[100:]):
                self.wfile.write(part)
                time.sleep(SLOW_SECONDS / 2)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
