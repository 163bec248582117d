"""The detector of this process: loaded on first use, and another one as soon as that is live.

Asked once for each batch, between batches. A detector that cannot be loaded leaves the one that is
there at work: its verdicts carry its version.
"""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Protocol

import structlog
from sqlalchemy.orm import Session, sessionmaker

from ntf.errors import DetectorUnavailable
from ntf.predictor import ModelInfo, Predictor
from scans.database import Reads
from scans.errors import ModelNotFound
from scans.model_store import ModelStore
from scans.models import ModelFacts, Wanted, choose_detectors, make_live
from worker.model_facts import model_facts

log = structlog.get_logger()
TRY_AGAIN_SECONDS = 60.0


class Loader(Protocol):
    """Opens a folder of weights."""

    def __call__(self, folder: Path | None) -> Predictor: ...


class ModelKeeper:
    """Keeps the live detector, and the canary's while there is one. Safe for many threads."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        reads: Reads,
        models: ModelStore,
        configured: Path | None,
        *,
        load: Loader,
        read_info: Callable[[Path | None], ModelInfo],
    ) -> None:
        self._sessions, self._reads, self._models, self._load = sessions, reads, models, load
        self._configured, self._read_info = configured, read_info
        self._configured_facts: ModelFacts | None = None
        self._live: Predictor | None = None
        self._canary: Predictor | None = None
        self._wanted_canary: Wanted | None = None
        self._failed: dict[str, float] = {}
        self._loading = Lock()

    def live(self) -> Predictor:
        """The detector to judge the next batch with.

        Raises:
            DetectorUnavailable: there is none that can be loaded.
        """
        with self._loading:
            wanted = self._choose()
            if self._live is None or self._live.info.version != wanted.version:
                self._live = self._open(wanted, self._live)
            return self._live

    def canary(self) -> Predictor | None:
        """The detector that judges in the shadow; None where there is none, or it does not load.

        It is the canary of the moment at which `live` was asked for.
        """
        with self._loading:
            wanted = self._wanted_canary
            if wanted is None:
                self._canary = None
            elif self._canary is None or self._canary.info.version != wanted.version:
                self._canary = None
                try:
                    self._canary = self._open(wanted, None)
                except DetectorUnavailable as error:
                    log.warning("canary_unavailable", version=wanted.version, reason=str(error))
            return self._canary

    def _choose(self) -> Wanted:
        """The live detector by the rows, in one question with the canary."""
        configured = self._configured_facts
        if configured is None:
            configured = self._configured_facts = model_facts(self._read_info(self._configured))
        choice = self._reads.ask(lambda rows: choose_detectors(rows, configured))
        self._wanted_canary = choice.canary
        if choice.live is not None:
            return choice.live
        with self._sessions.begin() as session:
            make_live(session, configured)
        return Wanted(configured.version, None)

    def _open(self, wanted: Wanted, instead: Predictor | None) -> Predictor:
        if time.monotonic() - self._failed.get(wanted.version, -TRY_AGAIN_SECONDS) < (
            TRY_AGAIN_SECONDS
        ):
            if instead is None:
                raise DetectorUnavailable(f"{wanted.version} could not be loaded a moment ago.")
            return instead
        try:
            detector = self._load(self._folder_of(wanted))
        except (DetectorUnavailable, ModelNotFound) as error:
            self._failed[wanted.version] = time.monotonic()
            if instead is None:
                raise DetectorUnavailable(str(error)) from error
            log.error("model_not_swapped", version=wanted.version, reason=str(error))
            return instead
        log.info("model_loaded", version=detector.info.version)
        return detector

    def _folder_of(self, wanted: Wanted) -> Path | None:
        if wanted.stored_sha256 is None:
            return self._configured
        return self._models.open_checked(wanted.version, wanted.stored_sha256)
