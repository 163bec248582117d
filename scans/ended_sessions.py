"""Sessions of pages that were signed out, remembered for as long as their cookies could open."""

import hashlib
from datetime import timedelta

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.people_tables import EndedSession

# Then no cookie of the session is taken any more, signed out or not.
SESSION_LIFETIME = timedelta(hours=12)


def end_session(session: Session, session_id: str) -> None:
    """From now on no cookie with this id opens anything."""
    row = {"session_sha256": _hash(session_id)}
    session.execute(insert(EndedSession).values(row).on_conflict_do_nothing())


def has_ended(session: Session, session_id: str) -> bool:
    """Whether the session was signed out."""
    return session.get(EndedSession, _hash(session_id)) is not None


def forget_ended_sessions(session: Session) -> None:
    """Remove those whose cookies are too old by themselves."""
    too_old = EndedSession.ended_at < func.now() - SESSION_LIFETIME
    session.execute(delete(EndedSession).where(too_old))


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
