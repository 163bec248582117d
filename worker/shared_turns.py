"""The hosts' turns of all workers, kept in rows, in the words of `images.host_turns`."""

from dataclasses import dataclass

from images.errors import HostBusy
from images.host_turns import BURST_SECONDS
from scans.database import Reads
from scans.host_turns import pause_host, take_turn

# Longer, and the check goes back to the queue, so that the worker is free for another host.
MAX_WAIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class SharedTurns:
    """A `HostTurns` for any number of worker processes on one database."""

    rows: Reads  # a turn that is taken twice is only lost
    requests_per_second: float

    def take(self, host: str, max_wait_seconds: float) -> float:
        """See `images.host_turns.HostTurns`.

        Raises:
            HostBusy: the host's next turn is further away.
        """
        turn = self.rows.ask(
            lambda session: take_turn(
                session,
                host,
                requests_per_second=self.requests_per_second,
                burst_seconds=BURST_SECONDS,
                max_wait_seconds=min(max_wait_seconds, MAX_WAIT_SECONDS),
            )
        )
        if not turn.is_reserved:
            raise HostBusy(turn.wait_seconds)
        return turn.wait_seconds

    def pause(self, host: str, seconds: float) -> None:
        """See `images.host_turns.HostTurns`."""
        self.rows.ask(lambda session: pause_host(session, host, seconds + BURST_SECONDS))
