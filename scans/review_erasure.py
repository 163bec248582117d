"""What people said of an image goes with the image, unless the same picture is known otherwise too.

A review belongs to a picture. Where the tenant has another file that shows it, the review stays,
and is of that file from then on; else its decisions, appeals and regression case go with it.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from scans.pictures import picture_of
from scans.request_tables import BatchItem, IdempotentAnswer
from scans.review_tables import Appeal, Decision, Feedback, RegressionCase, Review
from scans.tables import Check, Image

ERASED = ("image_erased", "This image was erased.")


def erase_opinions(session: Session, tenant_id: UUID, check_ids: Sequence[UUID]) -> None:
    """Remove feedback and appeals of these checks, and their reviews or the link to them."""
    session.execute(delete(Feedback).where(Feedback.check_id.in_(check_ids)))
    session.execute(delete(Appeal).where(Appeal.check_id.in_(check_ids)))
    reviews = session.scalars(
        select(Review).where(Review.check_id.in_(check_ids)).with_for_update(of=Review)
    ).all()
    for review in reviews:
        heir = _find_other_file(session, tenant_id, review.picture, review.check.image, check_ids)
        if heir is None:
            _erase_review(session, review)
        else:
            _move_review(session, review, heir)


def erase_requests(session: Session, tenant_id: UUID, check_ids: Sequence[UUID]) -> None:
    """Remove the checks' addresses from batches, and answers that would tell of them again."""
    session.execute(
        update(BatchItem)
        .where(BatchItem.check_id.in_(check_ids))
        .values(url="erased:", check_id=None, error_code=ERASED[0], error_message=ERASED[1])
    )
    # ASCII stands in `escape` as it is, and so do the ids.
    body = func.encode(IdempotentAnswer.body, "escape")
    for check_id in check_ids:
        session.execute(
            delete(IdempotentAnswer).where(
                IdempotentAnswer.tenant_id == tenant_id, body.contains(str(check_id))
            )
        )


def _find_other_file(
    session: Session,
    tenant_id: UUID,
    picture: str,
    image: Image | None,
    check_ids: Sequence[UUID],
) -> Check | None:
    """The newest judged check of another file of the tenant that shows the same."""
    if image is None or image.pixels_sha256 is None:
        return None
    alike = session.scalars(
        select(Check)
        .join(Image, Image.sha256 == Check.image_sha256)
        .where(Check.tenant_id == tenant_id, Check.status == "done", Check.id.not_in(check_ids))
        .where(Image.pixels_sha256 == image.pixels_sha256)
        .order_by(Check.finished_at.desc())
    )
    for check in alike:
        if check.image is not None and picture_of(check.image) == picture:
            return check
    return None


def _move_review(session: Session, review: Review, heir: Check) -> None:
    session.execute(
        update(RegressionCase)
        .where(RegressionCase.review_id == review.id)
        .values(image_sha256=heir.image_sha256)
    )
    session.execute(
        update(Review)
        .where(Review.id == review.id)
        .values(check_id=heir.id, image_sha256=heir.image_sha256)
    )


def _erase_review(session: Session, review: Review) -> None:
    for table in (Appeal, Decision, RegressionCase):
        session.execute(delete(table).where(table.review_id == review.id))
    session.execute(delete(Review).where(Review.id == review.id))
