"""Errands: what is to be done in another system when its checks have ended. The rows are the queue.

As for checks and deliveries, a claim holds a lease and a fencing token. An errand whose checks are
still open is never claimed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from scans.errors import ErrandNotFound, ErrandWaiting, LeaseLost
from scans.integration_tables import Connection, Errand, ErrandCheck
from scans.tables import OPEN_STATUSES, Check
from scans.traces import current_traceparent

# At a time, so that one system which hangs does not hold every worker.
MAX_HELD_FOR_CONNECTION = 2
_IS_OPEN = and_(Errand.done_at.is_(None), Errand.dead_at.is_(None))


@dataclass(frozen=True, slots=True)
class ErrandClaim:
    """One errand that this worker may run until its lease ends."""

    errand_id: UUID
    lease_token: UUID
    attempt: int
    tenant_id: UUID
    kind: str
    external_id: str
    details: dict[str, Any]
    connection: Connection
    traceparent: str | None = None


def create_errand(
    session: Session, connection_id: UUID, external_id: str, details: dict[str, Any]
) -> tuple[UUID, bool]:
    """Make the errand, or find the one of this name; and whether this call made it.

    The other system may deliver the same thing many times, at once too: they meet in the unique
    index, and the first counts.
    """
    made = session.scalar(
        insert(Errand)
        .values(
            connection_id=connection_id,
            external_id=external_id,
            details=details,
            traceparent=current_traceparent(),
        )
        .on_conflict_do_nothing()
        .returning(Errand.id)
    )
    if made is not None:
        return made, True
    found = select(Errand.id).where(
        Errand.connection_id == connection_id, Errand.external_id == external_id
    )
    return session.scalars(found).one(), False


def find_errand(session: Session, connection_id: UUID, external_id: str) -> Errand | None:
    """The errand of this name, if the connection has asked for it before."""
    return session.scalar(
        select(Errand).where(
            Errand.connection_id == connection_id, Errand.external_id == external_id
        )
    )


def add_check(session: Session, errand_id: UUID, check_id: UUID, media: str) -> None:
    """Let the errand wait for this check too."""
    session.execute(
        insert(ErrandCheck)
        .values(errand_id=errand_id, check_id=check_id, media=media)
        .on_conflict_do_nothing()
    )


def list_checks_of(session: Session, errand_id: UUID) -> Sequence[ErrandCheck]:
    """The checks that an errand is about, in the order in which they were made."""
    query = select(ErrandCheck).join(Check).where(ErrandCheck.errand_id == errand_id)
    return session.scalars(query.order_by(Check.created_at, Check.id)).all()


def claim_errand(session: Session, *, lease_seconds: float) -> ErrandClaim | None:
    """Take the errand that has been due for longest and waits for no check, if there is one."""
    due = (
        select(Errand.id)
        .where(_IS_OPEN, Errand.next_attempt_at <= func.now())
        .where(or_(Errand.lease_until.is_(None), Errand.lease_until < func.now()))
        .where(~_has_open_checks(), _count_held() < MAX_HELD_FOR_CONNECTION)
        .order_by(Errand.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    token = uuid4()
    taken = session.execute(
        update(Errand)
        .where(Errand.id == due.c.id)
        .values(
            lease_token=token,
            lease_until=func.now() + timedelta(seconds=lease_seconds),
            attempts=Errand.attempts + 1,
        )
        .returning(Errand.id)
    ).first()
    return None if taken is None else _read_claim(session, taken.id, token)


def _read_claim(session: Session, errand_id: UUID, token: UUID) -> ErrandClaim | None:
    """None where the connection was removed since, and the errand with it."""
    errand = session.get(Errand, errand_id, populate_existing=True)
    if errand is None:
        return None
    return ErrandClaim(
        errand_id=errand_id,
        lease_token=token,
        attempt=errand.attempts,
        tenant_id=errand.connection.tenant_id,
        kind=errand.connection.kind,
        external_id=errand.external_id,
        details=errand.details,
        connection=errand.connection,
        traceparent=errand.traceparent,
    )


def end_done(session: Session, claim: ErrandClaim) -> None:
    """The other system has it, or there was nothing to tell.

    Raises:
        LeaseLost: another worker holds the errand now, or it is gone.
    """
    _write(session, claim, done_at=func.now(), last_error=None)


def end_dead(session: Session, claim: ErrandClaim, error: str, status: int | None) -> None:
    """No other attempt will be made, unless the errand is replayed.

    Raises:
        LeaseLost: as for `end_done`.
    """
    _write(session, claim, dead_at=func.now(), last_status=status, last_error=error)


def try_later(
    session: Session, claim: ErrandClaim, error: str, status: int | None, delay_seconds: float
) -> None:
    """Let the errand wait for its next attempt.

    Raises:
        LeaseLost: as for `end_done`.
    """
    next_attempt_at = func.now() + timedelta(seconds=delay_seconds)
    _write(session, claim, next_attempt_at=next_attempt_at, last_status=status, last_error=error)


def wait_for_checks(session: Session, claim: ErrandClaim) -> None:
    """The errand's pictures were had: let it wait for their checks, with all its attempts.

    Raises:
        LeaseLost: as for `end_done`.
    """
    _write(session, claim, attempts=0, last_error=None)


def list_errands(
    session: Session,
    connection_id: UUID,
    *,
    only_dead: bool,
    after: UUID | None,
    limit: int,
) -> Sequence[Errand]:
    """A connection's errands, the newest first, from behind the one that `after` names.

    Raises:
        ErrandNotFound: the connection has no errand `after`.
    """
    query = select(Errand).where(Errand.connection_id == connection_id)
    if after is not None:
        last = session.get(Errand, after)
        if last is None or last.connection_id != connection_id:
            raise ErrandNotFound("The cursor names no errand of this connection.")
        query = query.where(tuple_(Errand.created_at, Errand.id) < (last.created_at, last.id))
    if only_dead:
        query = query.where(Errand.dead_at.is_not(None))
    return session.scalars(
        query.order_by(Errand.created_at.desc(), Errand.id.desc()).limit(limit)
    ).all()


def forget_ended_errands(session: Session, keep_days: int, *, limit: int) -> int:
    """Remove errands that ended so long ago. Returns how many, at most `limit`.

    What the other system then delivers again is a new errand.
    """
    before = func.now() - timedelta(days=keep_days)
    ended = (
        select(Errand.id)
        .where(func.coalesce(Errand.done_at, Errand.dead_at) < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = delete(Errand).where(Errand.id.in_(ended)).returning(Errand.id)
    return len(session.scalars(gone).all())


def replay_errand(session: Session, errand_id: UUID, tenant_id: UUID | None = None) -> Errand:
    """Run an errand once more that was given up: now, with all its attempts.

    Args:
        tenant_id: whose it must be; None for the operator.

    Raises:
        ErrandNotFound: there is none of this id among the tenant's.
        ErrandWaiting: it was not given up.
    """
    query = (
        select(Errand)
        .join(Connection, Connection.id == Errand.connection_id)
        .where(Errand.id == errand_id)
        .with_for_update(of=Errand)
    )
    if tenant_id is not None:
        query = query.where(Connection.tenant_id == tenant_id)
    errand = session.scalar(query)
    if errand is None:
        raise ErrandNotFound("There is no errand with this id among yours.")
    if errand.dead_at is None:
        raise ErrandWaiting("This errand was not given up: it is done, or tried again by itself.")
    errand.attempts = 0
    errand.dead_at = None
    errand.next_attempt_at = session.scalars(select(func.now())).one()
    session.flush()
    return errand


def count_errands(session: Session) -> dict[str, int]:
    """How many errands wait, were run, or are dead."""
    waiting, done, dead = session.execute(
        select(
            func.count().filter(_IS_OPEN),
            func.count().filter(Errand.done_at.is_not(None)),
            func.count().filter(Errand.dead_at.is_not(None)),
        ).select_from(Errand)
    ).one()
    return {"waiting": waiting, "done": done, "dead": dead}


def _has_open_checks() -> ColumnElement[bool]:
    return exists().where(
        ErrandCheck.errand_id == Errand.id,
        Check.id == ErrandCheck.check_id,
        Check.status.in_(OPEN_STATUSES),
    )


def _count_held() -> ColumnElement[int]:
    held = aliased(Errand)
    return (
        select(func.count())
        .where(held.connection_id == Errand.connection_id, held.lease_until > func.now())
        .where(held.lease_token.is_not(None))
        .correlate(Errand)
        .scalar_subquery()
    )


def _write(session: Session, claim: ErrandClaim, **values: object) -> None:
    """Write only while the lease is ours: the token fences off whoever lost it."""
    written = session.execute(
        update(Errand)
        .where(Errand.id == claim.errand_id, Errand.lease_token == claim.lease_token)
        .values(lease_token=None, lease_until=None, **values)
        .returning(Errand.id)
    )
    if written.first() is None:
        raise LeaseLost(f"errand {claim.errand_id} is held by another worker")
