"""Lets the threads of one process into a piece of work one at a time, and sends the needless away.

A process detects one batch at a time: two at once would share its cores or its GPU and end later,
and a process that dies would take more than one batch with it.
"""

from collections.abc import Callable
from threading import Lock


class Turnstile:
    """One works, one waits. A third is sent away: who waits will find what it came for."""

    def __init__(self) -> None:
        self._working = Lock()
        self._waiting = Lock()

    def pass_through(self, work: Callable[[], bool]) -> bool:
        """Do the work when it is our turn and return what it returns; False where sent away."""
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            self._working.acquire()
        finally:
            self._waiting.release()
        try:
            return work()
        finally:
            self._working.release()
