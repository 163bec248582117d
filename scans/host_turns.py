"""The turns of every host in rows, so that all workers together keep to its pace.

The generic cell rate algorithm in one statement: no lock is held while a worker waits or fetches.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Interval, cast, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.tables import HostTurn


@dataclass(frozen=True, slots=True)
class Turn:
    """How far away a host's next turn is, and whether it is ours."""

    is_reserved: bool
    wait_seconds: float


def take_turn(
    session: Session,
    host: str,
    *,
    requests_per_second: float,
    burst_seconds: float,
    max_wait_seconds: float,
) -> Turn:
    """Reserve the host's next turn, unless it is further away than `max_wait_seconds`."""
    interval = timedelta(seconds=1 / requests_per_second)
    burst = timedelta(seconds=burst_seconds)
    now = func.now()
    paid_until = session.scalar(
        insert(HostTurn)
        .values(host=host, paid_until=now + interval)
        .on_conflict_do_update(
            index_elements=["host"],
            set_={"paid_until": func.greatest(HostTurn.paid_until, now) + interval},
            where=HostTurn.paid_until <= now + burst + timedelta(seconds=max_wait_seconds),
        )
        .returning(func.extract("epoch", HostTurn.paid_until - now))
    )
    if paid_until is not None:
        wait_seconds = float(paid_until) - interval.total_seconds() - burst_seconds
        return Turn(is_reserved=True, wait_seconds=max(0.0, wait_seconds))
    paid_until = session.scalar(
        select(func.extract("epoch", HostTurn.paid_until - now)).where(HostTurn.host == host)
    )
    wait_seconds = float(paid_until or 0) - burst_seconds
    return Turn(is_reserved=False, wait_seconds=max(0.0, wait_seconds))


def pause_host(session: Session, host: str, seconds: float) -> None:
    """Give out no turn of this host before `seconds` have passed; never shortens a pause."""
    until = func.now() + cast(literal(timedelta(seconds=seconds)), Interval)
    session.execute(
        insert(HostTurn)
        .values(host=host, paid_until=until)
        .on_conflict_do_update(
            index_elements=["host"],
            set_={"paid_until": func.greatest(HostTurn.paid_until, until)},
        )
    )


def forget_past_turns(session: Session) -> None:
    """Remove the rows that say nothing any more, so that the table stays small."""
    session.execute(delete(HostTurn).where(HostTurn.paid_until < func.now()))
