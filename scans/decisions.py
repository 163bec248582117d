"""What moderators decide, and undo. A decision stands over the label and never erases it."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.errors import ReviewNotFound, ReviewNotHeld, UndoTooLate
from scans.feedback_rows import Opinion
from scans.review_rules import cohens_kappa, is_reversal, settle_votes
from scans.review_tables import Decision, RegressionCase, Review
from scans.reviews import Moderator
from scans.webhook_events import announce_decision

MAX_AGREEMENT_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people who judged the same review agreed, over so many reviews."""

    reviews: int
    kappa: float | None


def decide_review(
    session: Session, moderator: Moderator, review_id: UUID, opinion: Opinion, *, votes_needed: int
) -> Review:
    """Add this person's decision to a review that they hold, and settle it where it is enough.

    Raises:
        ReviewNotFound: there is none.
        ReviewNotHeld: the claim ran out and another took it, or there was none.
    """
    review = _lock(session, moderator, review_id)
    if review.claimed_by != moderator.person_id or review.status != "waiting":
        raise ReviewNotHeld("You do not hold this review (any more). Claim it first.")
    session.add(
        Decision(
            review_id=review.id,
            person_id=moderator.person_id,
            says=opinion.says,
            reason=opinion.reason,
            note=opinion.note,
        )
    )
    review.claimed_by = review.claimed_until = None
    _settle(session, review, votes_needed)
    return review


def undo_decision(
    session: Session,
    moderator: Moderator,
    review_id: UUID,
    *,
    votes_needed: int,
    undo_seconds: float,
    claim_seconds: float,
) -> Review:
    """Take back one's own decision while it is new. The review is this person's again.

    Raises:
        ReviewNotFound: there is none.
        UndoTooLate: there is nothing new to undo, or the picture is under review again.
    """
    review = _lock(session, moderator, review_id)
    decision = session.scalar(
        select(Decision)
        .where(Decision.review_id == review.id, Decision.person_id == moderator.person_id)
        .where(Decision.undone_at.is_(None))
        .where(Decision.created_at > func.now() - timedelta(seconds=undo_seconds))
    )
    if decision is None or _is_asked_again(session, review):
        raise UndoTooLate("This decision can no longer be undone. Appeal the check instead.")
    decision.undone_at = func.now()
    _settle(session, review, votes_needed)
    if review.status == "waiting" and review.claimed_by is None:
        review.claimed_by = moderator.person_id
        review.claimed_until = func.now() + timedelta(seconds=claim_seconds)
    session.flush()
    session.refresh(review)
    return review


def measure_agreement(session: Session, tenant_id: UUID) -> Agreement:
    """Cohen's kappa over the first two decisions of each of the newest reviews that have two."""
    rows = session.execute(
        select(Decision.review_id, Decision.says)
        .join(Review, Review.id == Decision.review_id)
        .where(Review.tenant_id == tenant_id, Decision.undone_at.is_(None))
        .order_by(Review.created_at.desc(), Decision.review_id, Decision.created_at)
        .limit(MAX_AGREEMENT_ROWS)
    )
    by_review = [[says for _, says in group] for _, group in groupby(rows, key=lambda row: row[0])]
    pairs = [(said[0], said[1]) for said in by_review if len(said) >= 2]
    return Agreement(len(pairs), cohens_kappa(pairs))


def _lock(session: Session, moderator: Moderator, review_id: UUID) -> Review:
    review = session.scalar(
        select(Review)
        .where(Review.id == review_id, Review.tenant_id == moderator.tenant_id)
        .with_for_update(of=Review)
    )
    if review is None:
        raise ReviewNotFound("There is no review with this id among yours.")
    return review


def _settle(session: Session, review: Review, votes_needed: int) -> None:
    """Bring the review in line with the decisions that stand, and tell of what changed by that.

    All of it in the caller's transaction.
    """
    session.flush()
    before = review.outcome
    standing = session.scalars(
        select(Decision)
        .where(Decision.review_id == review.id, Decision.undone_at.is_(None))
        .order_by(Decision.created_at)
    ).all()
    outcome = settle_votes([decision.says for decision in standing], votes_needed)
    reasons = [one.reason for one in standing if one.says == outcome and one.reason]
    review.outcome = outcome
    review.outcome_reason = reasons[-1] if reasons else None
    review.status = "decided" if outcome else "waiting"
    review.decided_at = func.now() if outcome else None
    _keep_regression_case(session, review)
    session.flush()
    session.refresh(review)
    if review.outcome != before:
        announce_decision(session, review.check)


def _keep_regression_case(session: Session, review: Review) -> None:
    """A label that people reversed is what a later detector must get right."""
    session.execute(delete(RegressionCase).where(RegressionCase.review_id == review.id))
    verdict = review.check.verdict
    if verdict is None or review.outcome is None or not is_reversal(verdict.label, review.outcome):
        return
    session.execute(
        insert(RegressionCase).values(
            review_id=review.id,
            tenant_id=review.tenant_id,
            image_sha256=review.image_sha256,
            expected=review.outcome,
            wrong_label=verdict.label,
            model_version=verdict.model_version,
        )
    )


def _is_asked_again(session: Session, review: Review) -> bool:
    if review.status == "waiting":
        return False
    another = exists().where(
        Review.tenant_id == review.tenant_id,
        Review.picture == review.picture,
        Review.status == "waiting",
    )
    return bool(session.scalar(select(another)))
