"""A tenant's own checks as a list: the newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from scans.pages import Page, Position, read_cursor, write_cursor
from scans.tables import Check, Verdict


@dataclass(frozen=True, slots=True)
class CheckFilter:
    """Which checks are wanted; None leaves a question open."""

    status: str | None = None
    label: str | None = None
    sha256: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


def list_checks(
    session: Session, tenant_id: UUID, wanted: CheckFilter, *, cursor: str | None, limit: int
) -> Page[Check]:
    """One page of at most `limit` checks.

    Raises:
        CursorInvalid: the cursor is none of ours.
    """
    query = _filtered(
        select(Check).where(Check.tenant_id == tenant_id, Check.erased_at.is_(None)), wanted
    )
    if cursor is not None:
        after = read_cursor(cursor)
        query = query.where(tuple_(Check.created_at, Check.id) < (after.at, after.row_id))
    newest_first = query.order_by(Check.created_at.desc(), Check.id.desc())
    rows = session.scalars(newest_first.limit(limit + 1)).all()
    shown = rows[:limit]
    has_more = len(rows) > limit
    end = write_cursor(Position(shown[-1].created_at, shown[-1].id)) if has_more else None
    return Page(shown, end)


def _filtered(query: Select[Check], wanted: CheckFilter) -> Select[Check]:
    if wanted.status is not None:
        query = query.where(Check.status == wanted.status)
    if wanted.label is not None:
        query = query.join(Verdict, Verdict.check_id == Check.id)
        query = query.where(Verdict.label == wanted.label)
    if wanted.sha256 is not None:
        query = query.where(Check.image_sha256 == wanted.sha256)
    if wanted.created_from is not None:
        query = query.where(Check.created_at >= wanted.created_from)
    if wanted.created_before is not None:
        query = query.where(Check.created_at < wanted.created_before)
    return query
