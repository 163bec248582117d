"""Answers kept for repeated requests (draft-ietf-httpapi-idempotency-key-header-07).

A key belongs to a tenant and, for 24 hours, to the first request that came with it. Repetitions
meet in the primary key, so of many at once one is carried out.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, delete, func, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.request_tables import IdempotentAnswer

KEPT_SECONDS = 24 * 3600
# Longer than any request may take: whoever began it is gone.
ABANDONED_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Turn:
    """This request is the first with its key: it is to be carried out, then kept or given up."""

    tenant_id: UUID
    key: str
    token: UUID


def take_key(session: Session, tenant_id: UUID, key: str, request_sha256: str) -> Turn | None:
    """Take the key for this request; None where another request holds it."""
    turn = Turn(tenant_id, key, uuid4())
    age = func.now() - IdempotentAnswer.created_at
    is_free_again = or_(
        age > timedelta(seconds=KEPT_SECONDS),
        and_(IdempotentAnswer.status.is_(None), age > timedelta(seconds=ABANDONED_SECONDS)),
    )
    fresh = {
        "request_sha256": request_sha256,
        "token": turn.token,
        "created_at": func.now(),
        "status": None,
        "headers": None,
        "body": None,
    }
    taken = session.scalar(
        insert(IdempotentAnswer)
        .values(tenant_id=tenant_id, key=key, **fresh)
        .on_conflict_do_update(index_elements=["tenant_id", "key"], set_=fresh, where=is_free_again)
        .returning(IdempotentAnswer.token)
    )
    return turn if taken else None


def find_answer(session: Session, tenant_id: UUID, key: str) -> IdempotentAnswer | None:
    """What is kept under the key; without a status while it is being answered."""
    return session.get(IdempotentAnswer, (tenant_id, key))


def keep_answer(
    session: Session, turn: Turn, *, status: int, headers: dict[str, str], body: bytes
) -> None:
    """The request was carried out: whoever repeats it is told the same."""
    session.execute(
        update(IdempotentAnswer)
        .where(*_is_ours(turn))
        .values(status=status, headers=headers, body=body)
    )


def give_up_key(session: Session, turn: Turn) -> None:
    """The request changed nothing: it may be sent again under its key."""
    session.execute(delete(IdempotentAnswer).where(*_is_ours(turn)))


def forget_old_answers(session: Session) -> None:
    """Remove what is no longer answered from."""
    session.execute(
        delete(IdempotentAnswer).where(
            IdempotentAnswer.created_at < func.now() - timedelta(seconds=KEPT_SECONDS)
        )
    )


def _is_ours(turn: Turn) -> tuple[ColumnElement[bool], ...]:
    return (
        IdempotentAnswer.tenant_id == turn.tenant_id,
        IdempotentAnswer.key == turn.key,
        IdempotentAnswer.token == turn.token,
    )
