"""`/v1/reviews`: the moderators' queue."""

from typing import Any

from flask import Response, make_response
from flask_openapi3 import APIBlueprint, Tag

from api.authentication import require_moderator
from api.render_review import render_review, render_statement
from api.review_schemas import (
    AgreementBody,
    NextReviewQuery,
    OpinionRequest,
    ReviewBody,
    ReviewPath,
    ReviewsBody,
    ReviewsQuery,
    StatementBody,
)
from api.services import services
from scans.decisions import decide_review, measure_agreement, undo_decision
from scans.errors import ReviewNotFound
from scans.feedback_rows import Opinion
from scans.review_tables import Review
from scans.reviews import (
    Moderator,
    claim_next,
    claim_review,
    count_waiting,
    find_humans,
    find_review,
    list_reviews,
    release_review,
)

routes = APIBlueprint("reviews", __name__, abp_tags=[Tag(name="reviews")])


@routes.get(
    "/v1/reviews",
    operation_id="listReviews",
    summary="List the queue, with counts and how far moderators agree",
    responses={200: ReviewsBody},
)
def show_reviews(query: ReviewsQuery) -> dict[str, Any]:
    """A page of the tenant's own queue."""
    moderator = require_moderator()
    with services().sessions.begin() as session:
        page = list_reviews(session, moderator.tenant_id, **query.model_dump())
        humans = find_humans(session, moderator.tenant_id, [one.check for one in page.rows])
        waiting = count_waiting(session, moderator.tenant_id)
        agreement = measure_agreement(session, moderator.tenant_id)
    reviews = [
        render_review(one, moderator.person_id, humans.get(one.check_id)) for one in page.rows
    ]
    return ReviewsBody(
        reviews=reviews,
        next_cursor=page.next_cursor,
        waiting=waiting,
        agreement=AgreementBody(reviews=agreement.reviews, kappa=agreement.kappa),
    ).model_dump(mode="json")


@routes.get(
    "/v1/reviews/<uuid:review_id>",
    operation_id="readReview",
    summary="Read a review",
    responses={200: ReviewBody},
)
def read_review(path: ReviewPath) -> dict[str, Any]:
    """One review of the moderator's own tenant."""
    moderator = require_moderator()
    with services().sessions.begin() as session:
        review = find_review(session, moderator.tenant_id, path.review_id)
    return answer(review, moderator)


@routes.post(
    "/v1/reviews/claim",
    operation_id="claimNextReview",
    summary="Claim the review that is due next",
    responses={200: ReviewBody},
)
def claim_next_one(query: NextReviewQuery) -> dict[str, Any]:
    """The most urgent one that nobody holds; 404 where there is none."""
    moderator = require_moderator()
    seconds = services().settings.review_claim_seconds
    with services().sessions.begin() as session:
        review = claim_next(session, moderator, reason=query.reason, claim_seconds=seconds)
    if review is None:
        raise ReviewNotFound("No review waits for you.")
    return answer(review, moderator)


@routes.post(
    "/v1/reviews/<uuid:review_id>/claim",
    operation_id="claimReview",
    summary="Claim a review, or hold it longer",
    responses={200: ReviewBody},
)
def claim(path: ReviewPath) -> dict[str, Any]:
    """For `NTF_REVIEW_CLAIM_SECONDS`; then another may take it."""
    moderator = require_moderator()
    seconds = services().settings.review_claim_seconds
    with services().sessions.begin() as session:
        review = claim_review(session, moderator, path.review_id, claim_seconds=seconds)
    return answer(review, moderator)


@routes.post(
    "/v1/reviews/<uuid:review_id>/release",
    operation_id="releaseReview",
    summary="Give a review back undecided",
    responses={204: None},
)
def release(path: ReviewPath) -> Response:
    """Another may take it at once."""
    moderator = require_moderator()
    with services().sessions.begin() as session:
        release_review(session, moderator, path.review_id)
    return make_response("", 204)


@routes.post(
    "/v1/reviews/<uuid:review_id>/decision",
    operation_id="decideReview",
    summary="Decide a review that you hold",
    description="The decision stands over the label, in every check of the same picture.",
    responses={200: ReviewBody},
)
def decide(path: ReviewPath, body: OpinionRequest) -> dict[str, Any]:
    """Settles the review once `NTF_REVIEW_VOTES_NEEDED` moderators said the same."""
    moderator = require_moderator()
    needed = services().settings.review_votes_needed
    opinion = Opinion(body.says, body.reason, body.note)
    with services().sessions.begin() as session:
        review = decide_review(session, moderator, path.review_id, opinion, votes_needed=needed)
    services().waker.wake("deliver")
    return answer(review, moderator)


@routes.post(
    "/v1/reviews/<uuid:review_id>/undo",
    operation_id="undoDecision",
    summary="Take back your decision while it is new",
    responses={200: ReviewBody},
)
def undo(path: ReviewPath) -> dict[str, Any]:
    """Within `NTF_REVIEW_UNDO_SECONDS`. The row of the decision stays."""
    moderator = require_moderator()
    settings = services().settings
    with services().sessions.begin() as session:
        review = undo_decision(
            session,
            moderator,
            path.review_id,
            votes_needed=settings.review_votes_needed,
            undo_seconds=settings.review_undo_seconds,
            claim_seconds=settings.review_claim_seconds,
        )
    services().waker.wake("deliver")
    return answer(review, moderator)


@routes.get(
    "/v1/reviews/<uuid:review_id>/statement",
    operation_id="readStatement",
    summary="What a statement of reasons needs (DSA, art. 17)",
    responses={200: StatementBody},
)
def read_statement(path: ReviewPath) -> dict[str, Any]:
    """Of a decided review; 404 before that."""
    moderator = require_moderator()
    with services().sessions.begin() as session:
        review = find_review(session, moderator.tenant_id, path.review_id)
    if review.outcome is None:
        raise ReviewNotFound("This review is not decided, so there are no reasons to state yet.")
    return render_statement(review).model_dump(mode="json")


def answer(review: Review, moderator: Moderator) -> dict[str, Any]:
    """A review's body, with what people decided on its picture."""
    with services().sessions.begin() as session:
        humans = find_humans(session, moderator.tenant_id, [review.check])
    body = render_review(review, moderator.person_id, humans.get(review.check_id))
    return body.model_dump(mode="json")
