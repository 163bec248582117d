"""Work that can wait is not taken while there is more of it than can be done in time.

Urgent checks overtake others, but not for ever: what waits becomes due at last. So a backlog that
is longer than that would slow down whoever waits for an answer. Before it comes to that, new
batches are asked to come again later. A single check is always taken.
"""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scans.errors import QueueFull
from scans.tables import OPEN_STATUSES, Check

# Over which the pace of the workers is counted, at most and at least.
PACE_OF_SECONDS, LEAST_PACE_OF_SECONDS = 300, 10
# A service that had nothing to do has shown no pace, and is believed to have this.
LEAST_PACE_PER_SECOND = 2.0
LEAST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 5, 600


def refuse_when_behind(session: Session, max_backlog_seconds: float) -> None:
    """Pass where what is open can be done within `max_backlog_seconds` at the present pace.

    Raises:
        QueueFull: it cannot; says when to ask again.
    """
    backlog = measure_backlog_seconds(session)
    if backlog <= max_backlog_seconds:
        return
    delay = round(backlog - max_backlog_seconds)
    delay = min(max(delay, LEAST_DELAY_SECONDS), LONGEST_DELAY_SECONDS)
    raise QueueFull("More is waiting than can be checked soon. Nothing was taken.", delay)


def measure_backlog_seconds(session: Session) -> float:
    """How long the workers need for all open checks, by what they ended in the last minutes."""
    since = func.now() - timedelta(seconds=PACE_OF_SECONDS)
    is_open = select(func.count()).where(Check.status.in_(OPEN_STATUSES)).scalar_subquery()
    busy_seconds = func.extract("epoch", func.now() - func.min(Check.finished_at))
    waiting, ended, busy = session.execute(
        select(is_open, func.count(), busy_seconds).where(Check.finished_at > since)
    ).one()
    pace = ended / max(float(busy or 0), LEAST_PACE_OF_SECONDS)
    return float(waiting / max(pace, LEAST_PACE_PER_SECOND))
