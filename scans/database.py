"""The door to PostgreSQL: one engine for each process, short sessions."""

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker


def open_sessions(database_url: str, *, pool_size: int = 8) -> sessionmaker[Session]:
    """Make the session factory of this process.

    Use it as `with sessions.begin() as session:`; it commits on leaving and rolls back on an
    error. Connections are tested before use, so that a restart of PostgreSQL costs one retry.
    """
    engine = create_engine(
        database_url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5, "application_name": "ntf"},
    )
    return sessionmaker(engine, expire_on_commit=False)
