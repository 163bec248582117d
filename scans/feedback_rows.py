"""Feedback in rows: added, counted, and compared with what moderators decided afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from scans.errors import CheckNotJudged
from scans.feedback import (
    BURST_SECONDS,
    LABELLING_ROLES,
    SettledHint,
    Standing,
    choose_standing,
    flag_burst,
    is_proven_reader,
)
from scans.keys import KeyHolder
from scans.pictures import picture_of
from scans.review_tables import Feedback, Review
from scans.similar import pdq_of
from scans.tables import Check

# Enough to know a reader by; comparing every picture with every other grows with the square.
MAX_HISTORY_ROWS = 500


@dataclass(frozen=True, slots=True)
class Opinion:
    """What someone says about an image, and why."""

    says: str
    reason: str | None = None
    note: str | None = None


def add_feedback(session: Session, check: Check, holder: KeyHolder, opinion: Opinion) -> Feedback:
    """Append an opinion to those of this check.

    Raises:
        CheckNotJudged: there is no verdict to speak about.
    """
    if check.verdict is None or check.image is None:
        raise CheckNotJudged("This check has no verdict to speak about.")
    picture = picture_of(check.image)
    row = Feedback(
        tenant_id=holder.tenant_id,
        check_id=check.id,
        picture=picture,
        pdq=pdq_of(check.image.pdq) if check.image.pdq else None,
        person_id=holder.person_id,
        role=holder.role,
        says=opinion.says,
        reason=opinion.reason,
        note=opinion.note,
        flags=list(_find_flags(session, holder, picture)),
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def find_standing(session: Session, feedback: Feedback) -> Standing:
    """What this opinion counts as now: a reader may have been proven since."""
    is_proven = feedback.role not in LABELLING_ROLES and is_proven_reader(
        read_history(session, feedback.tenant_id, feedback.person_id)
    )
    return choose_standing(feedback.role, feedback.flags, is_proven=is_proven)


def list_feedback_on(session: Session, tenant_id: UUID, picture: str) -> Sequence[Feedback]:
    """The newest opinions on a picture."""
    return session.scalars(
        select(Feedback)
        .where(Feedback.tenant_id == tenant_id, Feedback.picture == picture)
        .order_by(Feedback.created_at.desc())
        .limit(20)
    ).all()


def read_history(session: Session, tenant_id: UUID, person_id: UUID) -> list[SettledHint]:
    """A reader's hints on which moderators decided afterwards, the newest first.

    What was said after a decision proves nothing: it may have been read off.
    """
    settled = and_(
        Review.tenant_id == Feedback.tenant_id,
        Review.picture == Feedback.picture,
        Review.outcome.is_not(None),
        Review.decided_at > Feedback.created_at,
    )
    rows = session.execute(
        select(Feedback.says, Review.outcome, Feedback.picture, Feedback.pdq)
        .join(Review, settled)
        .where(Feedback.tenant_id == tenant_id, Feedback.person_id == person_id)
        .where(Feedback.role.not_in(LABELLING_ROLES))
        .order_by(Feedback.created_at.desc())
        .limit(MAX_HISTORY_ROWS)
    )
    return [SettledHint(says, outcome or "", picture, pdq) for says, outcome, picture, pdq in rows]


def _find_flags(session: Session, holder: KeyHolder, picture: str) -> tuple[str, ...]:
    if holder.role in LABELLING_ROLES:
        return ()
    return flag_burst(
        said_by_person=_count_recent(session, Feedback.person_id == holder.person_id),
        said_of_picture=_count_recent(
            session, and_(Feedback.tenant_id == holder.tenant_id, Feedback.picture == picture)
        ),
    )


def _count_recent(session: Session, condition: ColumnElement[bool]) -> int:
    since = func.now() - timedelta(seconds=BURST_SECONDS)
    query = select(func.count()).select_from(Feedback).where(condition, Feedback.created_at > since)
    return session.scalar(query) or 0
