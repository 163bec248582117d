"""Callers and workers in threads over the real rows, with a detector that can be foretold."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from api.request_check import request_check_of_bytes, request_check_of_url
from images.decode import DecodeLimits, decode_image
from images.hashes import sha256_hex
from images.safe_fetch import FetchedImage, NotModified, Validators
from ntf.predictor import ModelInfo, Prediction
from scans.database import Reads
from scans.image_store import ImageStore
from scans.queue import claim_checks
from worker.fetch_image import FetchTools, fetch_image
from worker.judge_images import JudgeTools, judge_image, look_at_images

CALLERS, FETCHERS, JUDGES, BATCH = 4, 2, 2, 4
LIMITS = DecodeLimits(max_pixels=1_000_000)


def foretell(pixels: NDArray[np.uint8]) -> float:
    """The score that `FortuneTeller` gives to these pixels: of its own for each array."""
    digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


class FortuneTeller:
    """A detector whose score is a hash of the pixels."""

    def __init__(self, info: ModelInfo) -> None:
        self.info = info

    def predict(self, images: list[NDArray[np.uint8]]) -> list[Prediction]:
        grid = np.zeros((1, 1), np.float32)
        return [Prediction(foretell(image), 0.5, 0.5, 100, grid, 1.0) for image in images]


@dataclass(frozen=True)
class Wanted:
    """One caller's request: these bytes, sent or shown at an address."""

    tenant_id: UUID
    content: bytes
    url: str | None = None


@dataclass
class Mill:
    """The service without its processes.

    Attributes:
        pages: what each address shows.
        answers: the requests and the checks that they were answered with.
    """

    sessions: sessionmaker[Session]
    reads: Reads
    store: ImageStore
    info: ModelInfo
    pages: dict[str, bytes] = field(default_factory=dict)
    answers: list[tuple[Wanted, UUID]] = field(default_factory=list)

    def grind(self, wanted: list[Wanted]) -> None:
        """Ask for all of it and work on all of it, at the same time."""
        asked = threading.Event()
        with ThreadPoolExecutor(CALLERS + FETCHERS + JUDGES) as pool:
            workers = [pool.submit(self._work, self._fetch_one, asked) for _ in range(FETCHERS)]
            workers += [pool.submit(self._work, self._judge_some, asked) for _ in range(JUDGES)]
            callers = [pool.submit(self._ask, wanted[first::CALLERS]) for first in range(CALLERS)]
            try:
                for caller in callers:
                    caller.result()
            finally:
                asked.set()
            for worker in workers:
                worker.result()
        # What one worker handed over when another had looked for the last time.
        while self._fetch_one() or self._judge_some():
            pass

    def _ask(self, wanted: list[Wanted]) -> None:
        for one in wanted:
            if one.url is None:
                check = request_check_of_bytes(
                    one.content,
                    None,
                    None,
                    one.tenant_id,
                    sessions=self.sessions,
                    reads=self.reads,
                    store=self.store,
                    wake=lambda: None,
                )
            else:
                self.pages[one.url] = one.content
                check = request_check_of_url(
                    one.url,
                    None,
                    one.tenant_id,
                    sessions=self.sessions,
                    wake=lambda: None,
                    fresh_seconds=3600,
                )
            self.answers.append((one, check.id))

    @staticmethod
    def _work(step: Callable[[], bool], asked: threading.Event) -> None:
        while step() or not asked.wait(0.005):
            pass

    def _fetch_one(self) -> bool:
        with self.sessions.begin() as session:
            claims = claim_checks(session, "fetch", limit=1, lease_seconds=60, attempts_cap=9)
        tools = FetchTools(
            self.sessions,
            self.reads,
            self.store,
            self._fetch,
            decode=lambda content: decode_image(content, LIMITS),
            read_provenance=lambda _, __: (),
        )
        for claim in claims:
            fetch_image(claim, tools)
        return bool(claims)

    def _fetch(self, url: str, known: Validators | None) -> FetchedImage | NotModified:
        """A host with strong validators, whose pages change under way."""
        content = self.pages[url]
        etag = sha256_hex(content)
        if known is not None and known.etag == etag:
            return NotModified(url)
        return FetchedImage(content, url, None, Validators(url, etag, None))

    def _judge_some(self) -> bool:
        detector = FortuneTeller(self.info)
        tools = JudgeTools(
            self.sessions, self.reads, self.store, lambda: detector, spot_check_share=0
        )
        with self.sessions.begin() as session:
            claims = claim_checks(session, "detect", limit=BATCH, lease_seconds=60, attempts_cap=9)
        looked = look_at_images(claims, tools)
        for claim in claims:
            judge_image(claim, looked, tools)
        return bool(claims)
