"""Looks at the rows without the broker: one thread in each process that works on checks.

A wake-up only makes a check start sooner. A check whose wake-up was lost, while the broker was away
or Celery no longer listened to it, starts with the next sweep.
"""

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger()


class Sweeper:
    """Calls `sweep` at an interval, and again at once while it finds something to work on."""

    def __init__(self, sweep: Callable[[], bool], interval_seconds: float) -> None:
        self._sweep = sweep
        self._interval_seconds = interval_seconds
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin with a sweep at once. Does nothing where it has begun."""
        if self._thread is None:
            # A daemon, so that it cannot hold back a worker that is told to end at once.
            self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
            self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin no other sweep. Returns at once."""
        self._stopping.set()

    def stop(self) -> None:
        """Begin no other sweep, and wait for the end of one that is running."""
        self.ask_to_stop()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        pause_seconds = 0.0
        while not self._stopping.wait(pause_seconds):
            pause_seconds = 0.0 if self._found_something() else self._interval_seconds

    def _found_something(self) -> bool:
        try:
            return self._sweep()
        except Exception:
            # Whatever it was, a database that is away among it: the next sweep may succeed.
            log.exception("sweep_failed")
            return False
