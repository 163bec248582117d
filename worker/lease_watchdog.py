"""Ends a worker process that is stuck in a step until long after the lease.

Threads cannot be ended from outside, and a process whose detector hangs would look alive for ever.
Its checks are safe: their leases are over. Whoever runs the process starts it again.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

TICK_SECONDS = 1.0
EXIT_STATUS = 70  # EX_SOFTWARE of sysexits.h

log = structlog.get_logger()


def end_process() -> None:
    """End at once, without asking the threads that are stuck."""
    os._exit(EXIT_STATUS)


class LeaseWatchdog:
    """Counts the seconds that each piece of work takes while this process runs.

    It counts by its own ticks and asks no clock, so a process that was frozen gets the time to end
    its work when it wakes up, and to be refused by the rows.
    """

    def __init__(
        self,
        limit_seconds: float,
        *,
        tick_seconds: float = TICK_SECONDS,
        end: Callable[[], None] = end_process,
    ) -> None:
        self._limit_ticks = max(1, round(limit_seconds / tick_seconds))
        self._tick_seconds = tick_seconds
        self._end = end
        self._ticks: dict[object, int] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Watch the block."""
        work = object()
        with self._lock:
            self._ticks[work] = 0
            # Started on first use: a thread does not survive the fork of a pool's processes.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._ticks[work]

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._tick_seconds):
            with self._lock:
                self._ticks = {work: ticks + 1 for work, ticks in self._ticks.items()}
                longest = max(self._ticks.values(), default=0)
            if longest > self._limit_ticks:
                log.critical("worker_stuck", after_seconds=longest * self._tick_seconds)
                self._end()
