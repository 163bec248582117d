"""The door to PostgreSQL: one engine for each process, short sessions."""

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

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
    error. Connections are tested before use, so that a restart of PostgreSQL costs one retry.
    """
    engine = create_engine(
        database_url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args=CONNECTION,
    )
    return sessionmaker(engine, expire_on_commit=False)
