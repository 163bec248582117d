"""The service on a real port with workers in threads, and a detector that can be foretold.

What is reddish is likely AI-made, what is greenish shows no evidence, all else is uncertain. Faults
can be put in front of it: it answers 500, or late, or not at all.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import numpy as np
from flask_openapi3 import OpenAPI
from numpy.typing import NDArray
from sqlalchemy import func, update
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import WSGIRequestHandler, make_server

from images.decode import DecodeLimits, decode_image
from images.errors import ImageError
from images.safe_call import CallAnswer, call_service
from images.safe_fetch import FetchedImage, FetchPolicy, NotModified, Validators, fetch_image
from ntf.predictor import ModelInfo, Prediction
from scans.database import Reads
from scans.errands import claim_errand
from scans.image_store import ImageStore
from scans.integration_tables import Errand
from scans.models import make_live
from scans.queue import claim_checks, fail_check
from scans.settings import Settings
from scans.webhook_secrets import SecretBox
from worker.fetch_image import FetchTools
from worker.fetch_image import fetch_image as bring_image
from worker.judge_images import JudgeTools, judge_image, look_at_images
from worker.model_facts import model_facts
from worker.run_errand import ErrandTools, run_errand
from worker.tell_ozone import OzoneSessions

WAIT_SECONDS = 60
LIMITS = DecodeLimits(max_pixels=1_000_000)
SIDE_PX = 320


def reddish(seed: int = 0) -> NDArray[np.uint8]:
    """A picture of its own for each seed, which is found likely AI-made."""
    return tint(seed, 0)


def greenish(seed: int = 0) -> NDArray[np.uint8]:
    """A picture of its own for each seed, in which no evidence is found."""
    return tint(seed, 1)


def tint(seed: int, channel: int) -> NDArray[np.uint8]:
    """Noise in which one channel stands out, [H, W, 3]."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 90, (SIDE_PX, SIDE_PX, 3)).astype(np.uint8)
    pixels[..., channel] += 150
    return pixels


@dataclass
class ColourDetector:
    """Scores by the mean colour."""

    info: ModelInfo

    def predict(self, images: list[NDArray[np.uint8]]) -> list[Prediction]:
        grid = np.zeros((1, 1), np.float32)
        return [Prediction(self.score(image), 0.5, 0.5, 100, grid, 1.0) for image in images]

    def score(self, image: NDArray[np.uint8]) -> float:
        red, green, _ = image.reshape(-1, 3).mean(axis=0)
        if red > green + 50:
            return max(0.97, self.info.likely_ai_at)
        if green > red + 50:
            return min(0.03, self.info.no_evidence_below / 2)
        return (self.info.likely_ai_at + self.info.no_evidence_below) / 2


class QuietHandler(WSGIRequestHandler):
    """Speaks HTTP/1.1, as gunicorn does, and says nothing."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@dataclass
class Front:
    """Stands before the app.

    Attributes:
        status: answer this instead of asking the app.
        hold: answer nothing before it is set.
        calls: the paths that came.
    """

    app: WSGIApplication
    status: str | None = None
    hold: threading.Event | None = None
    calls: list[str] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> object:
        self.calls.append(environ["PATH_INFO"])
        if self.hold is not None:
            self.hold.wait(WAIT_SECONDS)
        if self.status is not None:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start(self.status, [("Content-Type", "text/html"), ("Content-Length", "4")])
            return [b"down"]
        return self.app(environ, start)


@dataclass
class Service:
    """All of it.

    Attributes:
        pages: what each address shows.
        is_working: whether checks and errands are worked on.
    """

    sessions: sessionmaker[Session]
    reads: Reads
    store: ImageStore
    settings: Settings
    info: ModelInfo
    front: Front
    port: int
    policy: FetchPolicy
    pages: dict[str, bytes] = field(default_factory=dict)
    is_working: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open_port(self, port: int) -> None:
        """Let fetches and errands go to a stub's port."""
        ports = self.policy.allowed_ports | {port}
        self.policy = replace(self.policy, allowed_ports=ports)

    def work_once(self) -> bool:
        """One step of each kind. Returns whether there was anything to do."""
        return any([self.fetch_one(), self.judge_some(), self.run_one()])

    def work(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            if not self.is_working.is_set() or not self.work_once():
                is_over.wait(0.01)

    def fetch_one(self) -> bool:
        with self.sessions.begin() as session:
            claims = claim_checks(session, "fetch", limit=1, lease_seconds=60, attempts_cap=9)
        tools = FetchTools(
            self.sessions,
            self.reads,
            self.store,
            self.fetch,
            decode=lambda content: decode_image(content, LIMITS),
            read_provenance=lambda _, __: (),
        )
        for claim in claims:
            try:
                bring_image(claim, tools)
            except ImageError as error:
                with self.sessions.begin() as session:
                    fail_check(session, claim, error.code, str(error))
        return bool(claims)

    def fetch(self, url: str, known: Validators | None) -> FetchedImage | NotModified:
        """By what the tests put there; all else from loopback."""
        if url in self.pages:
            return FetchedImage(self.pages[url], url, None, None)
        return fetch_image(url, self.policy, known=known)

    def judge_some(self) -> bool:
        detector = ColourDetector(self.info)
        tools = JudgeTools(
            self.sessions, self.reads, self.store, lambda: detector, spot_check_share=0
        )
        with self.sessions.begin() as session:
            claims = claim_checks(session, "detect", limit=4, lease_seconds=60, attempts_cap=9)
        looked = look_at_images(claims, tools)
        for claim in claims:
            judge_image(claim, looked, tools)
        return bool(claims)

    def run_one(self) -> bool:
        with self.sessions.begin() as session:
            claim = claim_errand(session, lease_seconds=60)
        if claim is not None:
            run_errand(claim, self.errand_tools())
        return claim is not None

    def errand_tools(self) -> ErrandTools:
        def call(method: str, url: str, headers: object, body: bytes | None) -> CallAnswer:
            return call_service(method, url, headers, body, policy=self.policy)  # type: ignore[arg-type]

        return ErrandTools(
            sessions=self.sessions,
            store=self.store,
            box=SecretBox(self.settings.secret_key.get_secret_value()),
            call=call,
            wake_fetch=lambda: None,
            ozone=OzoneSessions(),
            draw=lambda: 0.5,
        )

    def settle(self) -> None:
        """Work on everything that is due, in this thread."""
        while self.work_once():
            pass

    def make_errands_due(self) -> None:
        """As if the time until their next attempts had gone by."""
        with self.sessions.begin() as session:
            session.execute(update(Errand).values(next_attempt_at=func.now()))


@contextmanager
def running_service(
    app: OpenAPI,
    sessions: sessionmaker[Session],
    store: ImageStore,
    settings: Settings,
    info: ModelInfo,
    *,
    port: int = 0,
) -> Iterator[Service]:
    """The service at work, on this port or one of its own."""
    front = Front(app)
    server = make_server("127.0.0.1", port, front, threaded=True, request_handler=QuietHandler)
    policy = FetchPolicy(
        total_timeout_seconds=10,
        read_timeout_seconds=10,
        allowed_ports=frozenset({server.port}),
        allow_private_addresses=True,
    )
    reads = app.extensions["ntf"].reads
    service = Service(sessions, reads, store, settings, info, front, server.port, policy)
    is_over = threading.Event()
    service.is_working.set()
    threads = [
        threading.Thread(target=server.serve_forever, args=(0.01,)),
        threading.Thread(target=service.work, args=(is_over,)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield service
    finally:
        if front.hold is not None:
            front.hold.set()
        is_over.set()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()


def make_live_model(sessions: sessionmaker[Session], info: ModelInfo) -> None:
    """Make the detector of these tests known as the live one."""
    with sessions.begin() as session:
        make_live(session, model_facts(info))


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so.

    Raises:
        AssertionError: it does not become so within a minute.
    """
    is_over = threading.Event()
    for _ in range(WAIT_SECONDS * 50):
        if is_so():
            return
        is_over.wait(0.02)
    raise AssertionError("it did not become so")
