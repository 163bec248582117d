"""Serves as many different pictures as are asked for, and takes webhooks. On loopback."""

import json
import threading
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from tests.pictures import as_jpeg, noise

WIDTH_PX, HEIGHT_PX = 160, 128
# Every so many pictures, one has the pixels of the picture before it, in another file.
TWIN_EVERY = 10
COMMENT = b"\xff\xfe\x00\x06twin"  # a JPEG comment segment (ITU T.81, B.2.4.5)


@lru_cache(maxsize=4096)
def picture(seed: int, number: int) -> bytes:
    """The JPEG file of this number; each seed has pictures of its own."""
    if number % TWIN_EVERY == TWIN_EVERY - 1:
        before = picture(seed, number - 1)
        return before[:2] + COMMENT + before[2:]
    return as_jpeg(noise(seed * 1_000_000 + number, WIDTH_PX, HEIGHT_PX))


class ImageHost:
    """`/SEED/NUMBER.jpg` shows a picture; a webhook may be posted to any path.

    Attributes:
        webhooks: (`webhook-id`, body) of each delivery that came.
    """

    def __init__(self) -> None:
        self.webhooks: list[tuple[str, str]] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _, seed, name = self.path.split("/")
                self._answer(200, picture(int(seed), int(name.removesuffix(".jpg"))))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                host.webhooks.append((self.headers.get("webhook-id", ""), body.decode()))
                self._answer(200, json.dumps({}).encode())

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:  # who asked was killed
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def url(self, seed: int, number: int) -> str:
        """The address of a picture."""
        return f"http://127.0.0.1:{self.port}/{seed}/{number}.jpg"

    def __enter__(self) -> "ImageHost":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
