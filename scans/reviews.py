"""The moderators' queue in rows: opened, listed, claimed for a while, released.

A claim is one person's for a limited time; whoever is taking an item locks its row, and others pass
it over. So two people never judge the same item by accident.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, literal, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.errors import ReviewNotFound, ReviewNotHeld, ReviewTaken
from scans.pages import Page, Position, read_cursor, write_cursor
from scans.pictures import picture_of
from scans.review_rules import SECONDS_LATER, ReviewReason
from scans.review_tables import Decision, Review
from scans.tables import Check, Image


@dataclass(frozen=True, slots=True)
class Moderator:
    """Who judges, in which tenant."""

    tenant_id: UUID
    person_id: UUID


def open_review(
    session: Session, tenant_id: UUID, check_id: UUID, image: Image, reason: ReviewReason
) -> None:
    """Ask people about a picture, unless it waits for them or they have decided on it.

    An appeal is heard whatever was decided, and moves what waits to the front.
    """
    picture = picture_of(image)
    due_at = func.now() + timedelta(seconds=SECONDS_LATER[reason])
    review = {
        "tenant_id": tenant_id,
        "check_id": check_id,
        "image_sha256": image.sha256,
        "picture": picture,
        "reason": reason,
    }
    columns = [literal(value, getattr(Review, name).type) for name, value in review.items()]
    wanted = select(*columns, due_at)
    if reason != "appeal":
        wanted = wanted.where(~_is_decided(tenant_id, picture))
    opened = insert(Review).from_select([*review, "due_at"], wanted)
    # Both meet in the index `one_waiting_review`.
    index, where = ["tenant_id", "picture"], text("status = 'waiting'")
    if reason == "appeal":
        moved = {"reason": reason, "due_at": func.least(Review.due_at, due_at)}
        opened = opened.on_conflict_do_update(index_elements=index, index_where=where, set_=moved)
    else:
        opened = opened.on_conflict_do_nothing(index_elements=index, index_where=where)
    session.execute(opened)


def find_review(session: Session, tenant_id: UUID, review_id: UUID) -> Review:
    """A review of this tenant.

    Raises:
        ReviewNotFound: there is none.
    """
    review = session.scalar(
        select(Review).where(Review.id == review_id, Review.tenant_id == tenant_id)
    )
    if review is None:
        raise ReviewNotFound("There is no review with this id among yours.")
    return review


def list_reviews(
    session: Session,
    tenant_id: UUID,
    *,
    status: str,
    reason: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Review]:
    """One page of the queue, in the order in which reviews are due.

    Raises:
        CursorInvalid: the cursor is none of ours.
    """
    query = select(Review).where(Review.tenant_id == tenant_id, Review.status == status)
    if reason is not None:
        query = query.where(Review.reason == reason)
    if cursor is not None:
        after = read_cursor(cursor)
        query = query.where(tuple_(Review.due_at, Review.id) > (after.at, after.row_id))
    rows = session.scalars(query.order_by(Review.due_at, Review.id).limit(limit + 1)).all()
    shown = rows[:limit]
    end = write_cursor(Position(shown[-1].due_at, shown[-1].id)) if len(rows) > limit else None
    return Page(shown, end)


def count_waiting(session: Session, tenant_id: UUID) -> dict[str, int]:
    """How many reviews wait, by reason."""
    rows = session.execute(
        select(Review.reason, func.count())
        .where(Review.tenant_id == tenant_id, Review.status == "waiting")
        .group_by(Review.reason)
    )
    return dict(rows.all())


def claim_next(
    session: Session, moderator: Moderator, *, reason: str | None, claim_seconds: float
) -> Review | None:
    """Take the review that is due first and free; None where there is none for this person.

    What this person skipped comes last for them, and in its turn for others.
    """
    conditions = [*_free_for(moderator), _is_unheld()]
    if reason is not None:
        conditions.append(Review.reason == reason)
    was_skipped = Review.skipped_by.contains([str(moderator.person_id)])
    for condition in (~was_skipped, was_skipped):
        review = _hold_first(session, moderator, [*conditions, condition], claim_seconds)
        if review is not None:
            return review
    return None


def claim_review(
    session: Session, moderator: Moderator, review_id: UUID, *, claim_seconds: float
) -> Review:
    """Take this one review, or hold it longer.

    Raises:
        ReviewNotFound: there is none.
        ReviewTaken: someone else holds it, this person has judged it, or it is decided.
    """
    is_mine = Review.claimed_by == moderator.person_id
    wanted = [*_free_for(moderator), or_(_is_unheld(), is_mine), Review.id == review_id]
    # Taken in a sub-query: an update by itself would wait for whoever is taking it.
    free = select(Review.id).where(*wanted).with_for_update(skip_locked=True).cte("free")
    review = _hold(session, moderator, Review.id == free.c.id, claim_seconds)
    if review is None:
        find_review(session, moderator.tenant_id, review_id)
        raise ReviewTaken("Someone else holds this review, or it needs nothing more from you.")
    return review


def release_review(
    session: Session, moderator: Moderator, review_id: UUID, *, is_skipped: bool = False
) -> None:
    """Give a review back; one that was skipped comes last for this person from now on.

    Raises:
        ReviewNotFound, ReviewNotHeld: see the message.
    """
    values: dict[str, object] = {"claimed_by": None, "claimed_until": None}
    if is_skipped:
        values["skipped_by"] = Review.skipped_by.concat([str(moderator.person_id)])
    released = session.scalar(
        update(Review)
        .where(Review.id == review_id, Review.tenant_id == moderator.tenant_id)
        .where(Review.claimed_by == moderator.person_id)
        .values(**values)
        .returning(Review.id)
    )
    if released is None:
        find_review(session, moderator.tenant_id, review_id)
        raise ReviewNotHeld("You do not hold this review.")


def list_held(session: Session, moderator: Moderator) -> Sequence[Review]:
    """What this person holds now, in the order in which it is due."""
    return session.scalars(
        select(Review)
        .where(Review.tenant_id == moderator.tenant_id, Review.status == "waiting")
        .where(Review.claimed_by == moderator.person_id, Review.claimed_until > func.now())
        .order_by(Review.due_at, Review.id)
    ).all()


def find_humans(session: Session, tenant_id: UUID, checks: Iterable[Check]) -> dict[UUID, Review]:
    """What people decided on the pictures of these checks, by check; the newest decision stands."""
    images = {check.id: check.image for check in checks if check.image is not None}
    pictures = {check_id: picture_of(image) for check_id, image in images.items()}
    by_bytes = Review.image_sha256.in_({image.sha256 for image in images.values()})
    oldest_first = session.scalars(
        select(Review)
        .where(Review.tenant_id == tenant_id, Review.outcome.is_not(None))
        .where(or_(by_bytes, Review.picture.in_(set(pictures.values()))))
        .order_by(Review.decided_at)
    ).all()
    return {
        check_id: review
        for review in oldest_first
        for check_id, image in images.items()
        if review.image_sha256 == image.sha256 or review.picture == pictures[check_id]
    }


def list_decided_on(session: Session, tenant_id: UUID, picture: str) -> Sequence[Review]:
    """Earlier reviews of the same pixels that were decided, the newest first."""
    return session.scalars(
        select(Review)
        .where(Review.tenant_id == tenant_id, Review.picture == picture)
        .where(Review.outcome.is_not(None))
        .order_by(Review.decided_at.desc())
        .limit(10)
    ).all()


_WAITING = Review.status == "waiting"


def _is_decided(tenant_id: UUID, picture: str) -> ColumnElement[bool]:
    return exists().where(
        Review.tenant_id == tenant_id, Review.picture == picture, Review.outcome.is_not(None)
    )


def _free_for(moderator: Moderator) -> list[ColumnElement[bool]]:
    has_judged = exists().where(
        Decision.review_id == Review.id,
        Decision.person_id == moderator.person_id,
        Decision.undone_at.is_(None),
    )
    return [Review.tenant_id == moderator.tenant_id, _WAITING, ~has_judged]


def _is_unheld() -> ColumnElement[bool]:
    return or_(Review.claimed_until.is_(None), Review.claimed_until < func.now())


def _hold_first(
    session: Session,
    moderator: Moderator,
    conditions: list[ColumnElement[bool]],
    claim_seconds: float,
) -> Review | None:
    free = (
        select(Review.id)
        .where(*conditions)
        .order_by(Review.due_at, Review.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    return _hold(session, moderator, Review.id == free.c.id, claim_seconds)


def _hold(
    session: Session, moderator: Moderator, condition: ColumnElement[bool], claim_seconds: float
) -> Review | None:
    review_id = session.scalar(
        update(Review)
        .where(condition)
        .values(
            claimed_by=moderator.person_id,
            claimed_until=func.now() + timedelta(seconds=claim_seconds),
        )
        .returning(Review.id)
        .execution_options(synchronize_session=False)
    )
    return session.get_one(Review, review_id, populate_existing=True) if review_id else None
