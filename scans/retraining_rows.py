"""Runs of retraining in rows: one at a time, and what was begun is gone on with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from scans.database import CONNECTION
from scans.errors import RetrainingBusy
from scans.label_rules import Label
from scans.model_tables import Retraining

_TRY_LOCK = text("SELECT pg_try_advisory_lock(7243002)")
_UNLOCK = text("SELECT pg_advisory_unlock(7243002)")


@contextmanager
def alone(sessions: sessionmaker[Session]) -> Iterator[None]:
    """Hold the lock of retraining; the server lets go of it if this process dies.

    Raises:
        RetrainingBusy: another process holds it.
    """
    # Outside of transactions: one that is idle for long is ended, and the lock with it.
    # A connection of its own: those of the sessions come with a transaction begun.
    engine = create_engine(
        sessions.kw["bind"].url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args=CONNECTION,
    )
    with engine.connect() as connection:
        if not connection.scalar(_TRY_LOCK):
            raise RetrainingBusy("Another process retrains at this moment.")
        try:
            yield
        finally:
            let_go(connection)


def let_go(connection: Connection) -> None:
    """Give the lock back; where that fails, the connection goes, and the lock with it."""
    try:
        connection.execute(_UNLOCK)
    except SQLAlchemyError:
        connection.invalidate()


def find_unfinished(session: Session) -> Retraining | None:
    """The run that was begun and not ended."""
    return session.scalar(select(Retraining).where(Retraining.finished_at.is_(None)))


def find_last(session: Session) -> Retraining | None:
    """The last run that trained on its labels."""
    return session.scalar(
        select(Retraining)
        .where(Retraining.outcome.in_(("canary", "refused")))
        .order_by(Retraining.started_at.desc())
        .limit(1)
    )


def list_retrainings(session: Session, limit: int) -> list[Retraining]:
    """The newest runs, the newest first."""
    return list(
        session.scalars(select(Retraining).order_by(Retraining.started_at.desc()).limit(limit))
    )


def begin(session: Session, learned_from: str, labels: list[Label]) -> Retraining:
    """Start a run with these labels."""
    run = Retraining(learned_from=learned_from, labels=[write_label(label) for label in labels])
    session.add(run)
    session.flush()
    return run


def end(run: Retraining, outcome: str) -> None:
    """End a run, in its session's transaction."""
    run.outcome = outcome
    run.finished_at = func.now()


def write_label(label: Label) -> dict[str, Any]:
    """A label as a run keeps it."""
    return {name: getattr(label, name) for name in Label.__slots__} | {
        "accounts": list(label.accounts)
    }


def read_label(row: dict[str, Any]) -> Label:
    """Back from what a run keeps."""
    return Label(**row | {"accounts": tuple(row["accounts"])})
