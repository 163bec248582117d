"""Checks of many addresses in few statements, in the caller's one transaction."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.checks import SAME_SUBJECT_TRIES, WantedCheck, judged_by_live_model
from scans.queue import hurry
from scans.tables import OPEN_STATUSES, Check

CHUNK_ROWS = 200


def create_or_get_many(
    session: Session, wanted: Sequence[WantedCheck], *, fresh_seconds: float
) -> dict[str, UUID]:
    """A check for each subject: a fresh finished one, the open one, or a new one.

    All are of one tenant and one urgency. Subjects are taken in one order by every caller, so that
    two batches that share some wait for each other instead of locking each other out.
    """
    by_subject = {one.subject: one for one in wanted}
    found: dict[str, UUID] = {}
    for subjects in chunks(sorted(by_subject)):
        chunk = [by_subject[subject] for subject in subjects]
        found |= _create_or_get_chunk(session, chunk, fresh_seconds)
    return found


def chunks(subjects: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Few enough for one statement."""
    for first in range(0, len(subjects), CHUNK_ROWS):
        yield tuple(subjects[first : first + CHUNK_ROWS])


def _create_or_get_chunk(
    session: Session, chunk: Sequence[WantedCheck], fresh_seconds: float
) -> dict[str, UUID]:
    tenant_id, urgency = chunk[0].tenant_id, chunk[0].urgency
    found = _find_fresh(session, tenant_id, [one.subject for one in chunk], fresh_seconds)
    for _ in range(SAME_SUBJECT_TRIES):
        missing = [one for one in chunk if one.subject not in found]
        if not missing:
            return found
        found |= _create(session, missing)
        joined = _find_open(
            session, tenant_id, [one.subject for one in missing if one.subject not in found]
        )
        hurry(session, list(joined.values()), urgency)
        found |= joined
        # What is still missing had an open check that ended between the two statements.
    raise RuntimeError("no checks could be made for some subjects of a batch")


def _create(session: Session, missing: Sequence[WantedCheck]) -> dict[str, UUID]:
    made = session.execute(
        insert(Check)
        .values([one.row() for one in missing])
        .on_conflict_do_nothing()
        .returning(Check.subject, Check.id)
    )
    return dict(made.all())


def _find_open(session: Session, tenant_id: UUID, subjects: Sequence[str]) -> dict[str, UUID]:
    rows = session.execute(
        select(Check.subject, Check.id).where(
            Check.tenant_id == tenant_id,
            Check.subject.in_(subjects),
            Check.status.in_(OPEN_STATUSES),
        )
    )
    return dict(rows.all())


def _find_fresh(
    session: Session, tenant_id: UUID, subjects: Sequence[str], fresh_seconds: float
) -> dict[str, UUID]:
    fresh = judged_by_live_model(tenant_id).where(
        Check.subject.in_(subjects),
        Check.finished_at > func.now() - timedelta(seconds=fresh_seconds),
    )
    # Of several the newest, which comes last, stands in the end.
    oldest_first = fresh.with_only_columns(Check.subject, Check.id).order_by(Check.finished_at)
    return dict(session.execute(oldest_first).all())
