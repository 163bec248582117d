"""A service on loopback that answers, fails or hangs by a script, and keeps what it was sent."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONGEST_HOLD_SECONDS = 30

VERDICT = {
    "label": "uncertain",
    "score": 0.42,
    "raw_score": 0.42,
    "real_photo_p": 0.3,
    "evidence": [],
    "limits": [],
    "heatmap_url": None,
    "model": {"name": "m", "version": "1", "threshold_version": "1", "card_url": "/"},
    "human": None,
    "decided_at": "2026-11-24T12:00:00Z",
}


def check_body(**changes: Any) -> dict[str, Any]:
    """A check that is done, as the service answers it."""
    return {
        "id": "6f1fd0a4-3d1c-4f2b-9f3d-0c8f5a3c1f11",
        "status": "done",
        "url": "https://images.example/a.jpg",
        "page_url": None,
        "created_at": "2026-11-24T12:00:00Z",
        "finished_at": "2026-11-24T12:00:01Z",
        "image": None,
        "verdict": VERDICT,
        "error": None,
    } | changes


def problem_body(status: int, code: str) -> dict[str, Any]:
    return {"type": "about:blank", "title": code, "status": status, "code": code, "detail": code}


@dataclass
class Reply:
    """What to say; `is_late` holds it until the test is over."""

    status: int = 200
    body: dict[str, Any] = field(default_factory=check_body)
    headers: dict[str, str] = field(default_factory=dict)
    is_late: bool = False


@dataclass
class Sent:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedService:
    """Answers by the script, and by its last reply after the end."""

    def __init__(self, *script: Reply) -> None:
        self._script = list(script)
        self.sent: list[Sent] = []
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "ScriptedService":
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(service) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                service.sent.append(Sent(self.command, self.path, dict(self.headers), content))
                script = service._script
                reply = script.pop(0) if len(script) > 1 else script[0]
                if reply.is_late:
                    service._over.wait(LONGEST_HOLD_SECONDS)
                body = json.dumps(reply.body).encode()
                try:
                    self.send_response(reply.status)
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the caller did not wait

            do_GET = do_POST = do_PUT = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
