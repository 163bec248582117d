"""Appeals: someone asks for a second look by a person (DSA, art. 20)."""

from uuid import UUID

from sqlalchemy import ScalarSelect, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.errors import CheckNotJudged
from scans.pictures import picture_of
from scans.review_tables import Appeal, Review
from scans.reviews import open_review
from scans.tables import Check


def appeal_check(
    session: Session, check: Check, person_id: UUID, reason: str | None, note: str | None
) -> tuple[Appeal, bool]:
    """Make an appeal, or find the one that this person made; and whether it is new.

    Raises:
        CheckNotJudged: there is no verdict to appeal.
    """
    if check.verdict is None or check.image is None:
        raise CheckNotJudged("This check has no verdict to appeal.")
    known = _find_appeal(session, check.id, person_id)
    if known is not None:
        return known, False
    open_review(session, check.tenant_id, check.id, check.image, "appeal")
    made = session.scalar(
        insert(Appeal)
        .values(
            tenant_id=check.tenant_id,
            check_id=check.id,
            person_id=person_id,
            review_id=_waiting_review(check.tenant_id, picture_of(check.image)),
            reason=reason,
            note=note,
        )
        .on_conflict_do_nothing()
        .returning(Appeal.id)
    )
    appeal = _find_appeal(session, check.id, person_id)
    assert appeal is not None
    return appeal, made is not None


def list_appeals_of(session: Session, review_id: UUID) -> list[Appeal]:
    """The appeals that led to a review, the oldest first."""
    query = select(Appeal).where(Appeal.review_id == review_id).order_by(Appeal.created_at)
    return list(session.scalars(query))


def _find_appeal(session: Session, check_id: UUID, person_id: UUID) -> Appeal | None:
    return session.scalar(
        select(Appeal).where(Appeal.check_id == check_id, Appeal.person_id == person_id)
    )


def _waiting_review(tenant_id: UUID, picture: str) -> ScalarSelect[UUID]:
    # Locked by the statement that opened it or moved it, so nobody settles it meanwhile.
    return (
        select(Review.id)
        .where(Review.tenant_id == tenant_id, Review.picture == picture)
        .where(Review.status == "waiting")
        .scalar_subquery()
    )
