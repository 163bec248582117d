"""A stub of another system: documented JSON on loopback, with faults by a script."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

WAIT_SECONDS = 60


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Fault:
    """What to do before, or instead of, an answer.

    Attributes:
        status: answer this.
        is_cut_off: do what was asked, then break the connection.
    """

    status: int = 500
    is_cut_off: bool = False


Answer = tuple[int, Any]


@dataclass
class JsonStub:
    """Answers by `answer`; keeps what came.

    Attributes:
        faults: for the next requests of this method and path, one each.
    """

    answer: Callable[[Request], Answer]
    came: list[Request] = field(default_factory=list)
    faults: dict[tuple[str, str], list[Fault]] = field(default_factory=dict)

    def __enter__(self) -> "JsonStub":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port: int = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def count(self, method: str, path: str) -> int:
        """How many requests of this kind came."""
        return sum((one.method, one.path) == (method, path) for one in self.came)

    def _handler(stub) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                request = Request(
                    self.command,
                    parts.path,
                    {name: values[0] for name, values in parse_qs(parts.query).items()},
                    dict(self.headers),
                    self.rfile.read(int(self.headers.get("Content-Length") or 0)),
                )
                stub.came.append(request)
                planned = stub.faults.get((request.method, request.path)) or []
                fault = planned.pop(0) if planned else None
                if fault is not None and not fault.is_cut_off:
                    self.give(fault.status, {"error": "down"})
                    return
                status, body = stub.answer(request)
                if fault is not None:
                    self.connection.close()
                    return
                self.give(status, body)

            do_POST = do_PUT = do_GET  # noqa: N815

            def give(self, status: int, body: Any) -> None:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                kind = "image/png" if isinstance(body, bytes) else "application/json"
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
