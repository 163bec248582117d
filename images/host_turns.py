"""When a host may be asked next: politeness to hosts, not protection of ours.

A host is asked a few times at once and then at an even pace (the generic cell rate algorithm), and
not before its own Retry-After is over. `LocalTurns` holds for the threads of one process; several
processes share theirs by another `HostTurns`.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from images.errors import HostBusy

REQUESTS_PER_SECOND = 10.0
BURST_SECONDS = 1.0  # what may be asked at once: as much as the pace allows in this time
MAX_PAUSE_SECONDS = 300.0  # a person waits, whatever the host says
_HOSTS_KEPT = 1024


class HostTurns(Protocol):
    """Gives out turns. Safe to call from many threads."""

    def take(self, host: str, max_wait_seconds: float) -> float:
        """Reserve the next turn; returns how long to wait for it, in seconds.

        Raises:
            HostBusy: the wait would be longer than that; nothing is reserved.
        """

    def pause(self, host: str, seconds: float) -> None:
        """Give out no turn of this host for so long."""


class LocalTurns:
    """The turns of one process."""

    def __init__(
        self,
        requests_per_second: float = REQUESTS_PER_SECOND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval_seconds = 1 / requests_per_second
        self._clock = clock
        self._paid_until: dict[str, float] = {}  # moments on the clock; the past ones say nothing
        self._lock = threading.Lock()

    def take(self, host: str, max_wait_seconds: float) -> float:
        """See `HostTurns`."""
        with self._lock:
            now = self._clock()
            paid_until = max(now, self._paid_until.get(host, now))
            wait_seconds = max(0.0, paid_until - now - BURST_SECONDS)
            if wait_seconds > max_wait_seconds:
                raise HostBusy(wait_seconds)
            self._paid_until[host] = paid_until + self._interval_seconds
            self._forget_past(now)
            return wait_seconds

    def pause(self, host: str, seconds: float) -> None:
        """See `HostTurns`."""
        with self._lock:
            until = self._clock() + seconds + BURST_SECONDS
            self._paid_until[host] = max(until, self._paid_until.get(host, until))

    def _forget_past(self, now: float) -> None:
        if len(self._paid_until) > _HOSTS_KEPT:
            self._paid_until = {h: until for h, until in self._paid_until.items() if until > now}


def parse_retry_after(text: str, max_seconds: float = MAX_PAUSE_SECONDS) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3), at most `max_seconds`."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), max_seconds)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)
    return min(max(wait.total_seconds(), 0.0), max_seconds)
