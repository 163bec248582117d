"""Feedback, appeals and reviews to the bodies that the API gives."""

from uuid import UUID

from api.render_check import render_check
from api.review_schemas import (
    AppealBody,
    DecisionBody,
    FeedbackBody,
    ReviewBody,
    StatementBody,
)
from scans.feedback import Standing
from scans.review_tables import Appeal, Decision, Feedback, Review

REDRESS = (
    "Appeal to the service (POST /v1/checks/{check_id}/appeal): a person looks again.",
    "Complain through the platform's internal system (art. 20).",
    "Go to a certified out-of-court dispute settlement body (art. 21).",
    "Go to court.",
)


def render_feedback(row: Feedback, standing: Standing) -> FeedbackBody:
    """An opinion, with what it counts as now."""
    return FeedbackBody(
        id=row.id,
        check_id=row.check_id,
        says=row.says,
        reason=row.reason,
        note=row.note,
        standing=standing,
        flags=row.flags,
        created_at=row.created_at,
    )


def render_appeal(appeal: Appeal) -> AppealBody:
    """An appeal, with what its review came to."""
    return AppealBody(
        id=appeal.id,
        check_id=appeal.check_id,
        status=appeal.review.status,
        outcome=appeal.review.outcome,
        reason=appeal.reason,
        note=appeal.note,
        created_at=appeal.created_at,
        decided_at=appeal.review.decided_at,
    )


def render_review(review: Review, person_id: UUID, human: Review | None = None) -> ReviewBody:
    """A review as this moderator may see it."""
    is_decided = review.status == "decided"
    shown = [one for one in review.decisions if is_decided or one.person_id == person_id]
    return ReviewBody(
        id=review.id,
        reason=review.reason,
        status=review.status,
        created_at=review.created_at,
        due_at=review.due_at,
        claimed_until=review.claimed_until,
        is_mine=review.claimed_by == person_id,
        outcome=review.outcome,
        outcome_reason=review.outcome_reason,
        decided_at=review.decided_at,
        decisions=[render_decision(one) for one in shown],
        check=render_check(review.check, human),
    )


def render_decision(decision: Decision) -> DecisionBody:
    """Who decided what."""
    return DecisionBody(
        person=decision.person.name,
        says=decision.says,
        reason=decision.reason,
        note=decision.note,
        created_at=decision.created_at,
        undone_at=decision.undone_at,
    )


def render_statement(review: Review) -> StatementBody:
    """What this service knows for a statement of reasons; the rest is the platform's to say."""
    check, verdict = review.check, review.check.verdict
    assert verdict is not None
    assert review.decided_at is not None
    people = [f"A person decided that the image is: {review.outcome}."]
    if review.outcome_reason:
        people.append(review.outcome_reason)
    return StatementBody(
        review_id=review.id,
        check_id=check.id,
        image_sha256=review.image_sha256,
        image_url=check.url,
        decided_at=review.decided_at,
        restriction=None,
        facts=[*people, *(str(line["sentence"]) for line in verdict.evidence)],
        was_notified=review.reason == "appeal",
        automated_detection=True,
        automated_decision=False,
        automated_means=f"{verdict.model.name}, version {verdict.model_version}, thresholds "
        f"{verdict.threshold_version}, said {verdict.label}; a person decided.",
        legal_ground=None,
        terms_ground=None,
        redress=[line.format(check_id=check.id) for line in REDRESS],
        to_be_filled_in=["restriction", "legal_ground or terms_ground"],
    )
