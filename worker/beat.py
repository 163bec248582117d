"""Celery's beat as a thread of the worker that holds it, begun again whenever it ends by an error.

Celery 5.7 starts a process for it. That one outlives a worker that is killed, and then goes on
beside the next one's; and where it ends itself, by a full disk for one, nobody starts it again.
"""

import threading

import structlog
from celery import Celery
from celery.beat import Service

# So that it ends soon when it is told to.
MAX_PAUSE_SECONDS = 1.0
AGAIN_SECONDS = 5.0
STOP_SECONDS = 5.0

log = structlog.get_logger()


class Beat(threading.Thread):
    """What `celery.beat.EmbeddedService` makes, for a pool that does not fork."""

    def __init__(
        self,
        app: Celery,
        *,
        schedule_filename: str | None = None,
        scheduler_cls: str | None = None,
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        # A daemon, so that a broker which is away cannot hold back a worker that is told to end.
        super().__init__(name="beat", daemon=True)
        self._app = app
        self._schedule_filename = schedule_filename
        self._scheduler_cls = scheduler_cls
        self._again_seconds = again_seconds
        self._stopping = threading.Event()
        self._service = self._make_service()

    def run(self) -> None:
        """Send what is due, until `stop`."""
        while not self._stopping.is_set():
            try:
                self._service.start()
            except Exception:
                # Whatever it was: the next try may succeed, and there is no one else to make it.
                log.exception("beat_failed")
            self._stopping.wait(self._again_seconds)
            self._service = self._make_service()

    def stop(self) -> None:
        """Send nothing more, and wait a moment for what is being sent."""
        self._stopping.set()
        self._service.stop()
        self.join(STOP_SECONDS)

    def _make_service(self) -> Service:
        return Service(
            self._app,
            max_interval=MAX_PAUSE_SECONDS,
            schedule_filename=self._schedule_filename,
            scheduler_cls=self._scheduler_cls,
            remote_control=False,
        )
