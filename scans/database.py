"""The doors to PostgreSQL of a process: short transactions, and statements that stand alone."""

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import Session, sessionmaker

Answer = TypeVar("Answer")

# A peer that vanished without a word is noticed after about 25 seconds, not after hours. And what a
# frozen process locked is free again after 20, since the server ends its session.
CONNECTION = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "options": "-c idle_in_transaction_session_timeout=20s",
    "application_name": "ntf",
}


def open_sessions(database_url: str, *, pool_size: int = 8) -> sessionmaker[Session]:
    """Make the session factory of this process.

    Use it as `with sessions.begin() as session:`; it commits on leaving and rolls back on an
    error. A connection that was lost since its last use, as after a restart of PostgreSQL, is
    replaced before anything is asked.
    """
    engine = create_engine(
        database_url, pool_size=pool_size, max_overflow=pool_size, connect_args=CONNECTION
    )
    event.listen(engine, "checkout", _begin)
    return sessionmaker(engine, expire_on_commit=False)


def _begin(connection: Any, *_: object) -> None:
    """Begin the transaction, which tests the connection as well as a question of its own would.

    Past psycopg's own BEGIN, which it leaves out where one is open.

    Raises:
        InvalidatePoolError: the connection is lost; SQLAlchemy drops all that are as old.
    """
    try:
        began = connection.pgconn.exec_(b"BEGIN").status == ExecStatus.COMMAND_OK
    except psycopg.OperationalError:
        began = False
    if not began:
        raise InvalidatePoolError("the connection to PostgreSQL was lost")


class Reads:
    """Questions to PostgreSQL that cost one round trip for each statement.

    In a transaction a question costs three: BEGIN, itself, and COMMIT. Here nothing is around it.
    Each statement sees the rows as they are at its own moment, and is a transaction by itself.
    """

    def __init__(self, database_url: str, *, pool_size: int = 8) -> None:
        engine = create_engine(
            database_url,
            pool_size=pool_size,
            max_overflow=pool_size,
            isolation_level="AUTOCOMMIT",
            connect_args=CONNECTION,
        )
        self.sessions = sessionmaker(engine, expire_on_commit=False)

    def ask(self, question: Callable[[Session], Answer]) -> Answer:
        """What the question returns.

        A connection that was lost since its last use is found out here: then all are dropped, and
        the question is asked once more. So it must not write, but what may be written twice: a
        claim of which nobody knows ends with its lease.

        Raises:
            OperationalError: PostgreSQL does not answer.
        """
        try:
            with self.sessions() as session:
                return question(session)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        with self.sessions() as session:
            return question(session)
