"""`/reviews`: the page on which moderators judge one image after the other, by keyboard.

It works without scripts too: each act is a form, answered by the page again. The script asks for
the same acts with the header `X-CSRF-Token`, and gets JSON with the next item's HTML in it.
"""

from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, TypeAdapter, ValidationError

from api.authentication import (
    csrf_token,
    refuse_forged_form,
    require_moderator,
    signed_in_holder,
)
from api.errors import answer_invalid
from api.problems import RequestInvalid
from api.review_item import ReviewItem, read_item
from api.review_schemas import OpinionRequest, ReasonWord
from api.services import services
from scans.decisions import decide_review, measure_agreement, undo_decision
from scans.feedback_rows import Opinion
from scans.review_rules import SECONDS_LATER
from scans.reviews import Moderator, claim_next, count_waiting, list_held, release_review

routes = Blueprint("review_pages", __name__)


class PageQuery(BaseModel):
    """What stands in the page's address."""

    reason: ReasonWord | None = None
    last: UUID | None = None


@routes.get("/reviews")
def show_queue() -> ResponseReturnValue:
    """What this moderator holds, and how much waits. Takes nothing by being looked at."""
    if signed_in_holder() is None:
        return render_template("sign_in.html", problem=None, csrf_token=csrf_token())
    moderator = require_moderator()
    query = read_query()
    with services().sessions.begin() as session:
        items = [read_item(session, held, moderator) for held in list_held(session, moderator)]
        waiting = count_waiting(session, moderator.tenant_id)
        agreement = measure_agreement(session, moderator.tenant_id)
    return render_template(
        "reviews.html",
        items=items,
        waiting=waiting,
        reasons=list(SECONDS_LATER),
        agreement=agreement,
        query=query,
        csrf_token=csrf_token(),
        undo_seconds=round(services().settings.review_undo_seconds),
    )


@routes.post("/reviews/next")
def take_next() -> ResponseReturnValue:
    """Claim the item that is due next."""
    moderator = require_form_of_moderator()
    return answer(moderator, claim_item(moderator))


@routes.post("/reviews/<uuid:review_id>/decision")
def decide(review_id: UUID) -> ResponseReturnValue:
    """Decide an item that this moderator holds."""
    moderator = require_form_of_moderator()
    fields = {name: request.form.get(name, "").strip() or None for name in ("says", "reason")}
    try:
        body = OpinionRequest.model_validate({**fields, "note": request.form.get("note") or None})
    except ValidationError as error:
        return answer_invalid(error)
    opinion, needed = Opinion(**body.model_dump()), services().settings.review_votes_needed
    with services().sessions.begin() as session:
        decide_review(session, moderator, review_id, opinion, votes_needed=needed)
    services().waker.wake("deliver")
    return answer(moderator, claim_item(moderator) if is_script() else None, last=review_id)


@routes.post("/reviews/<uuid:review_id>/skip")
def skip(review_id: UUID) -> ResponseReturnValue:
    """Leave an item to others, and to later."""
    moderator = require_form_of_moderator()
    with services().sessions.begin() as session:
        release_review(session, moderator, review_id, is_skipped=True)
    return answer(moderator, claim_item(moderator) if is_script() else None)


@routes.post("/reviews/<uuid:review_id>/undo")
def undo(review_id: UUID) -> ResponseReturnValue:
    """Take the decision back, and show the item again."""
    moderator = require_form_of_moderator()
    settings = services().settings
    with services().sessions.begin() as session:
        review = undo_decision(
            session,
            moderator,
            review_id,
            votes_needed=settings.review_votes_needed,
            undo_seconds=settings.review_undo_seconds,
            claim_seconds=settings.review_claim_seconds,
        )
        item = read_item(session, review, moderator)
    services().waker.wake("deliver")
    return answer(moderator, item)


def require_form_of_moderator() -> Moderator:
    """The moderator on whose page a form was sent.

    Raises:
        NotSignedIn, ForeignOrigin, RoleInsufficient, TooManyRequests: see `require_holder`.
        FormForged: the form does not come from a page of this session.
    """
    moderator = require_moderator()
    refuse_forged_form()
    return moderator


def is_script() -> bool:
    """Whether our script asks, which takes the next item in the same breath."""
    return "X-CSRF-Token" in request.headers


def claim_item(moderator: Moderator) -> ReviewItem | None:
    """Take the item that is due next, of the kind that the page shows."""
    seconds, query = services().settings.review_claim_seconds, read_query()
    with services().sessions.begin() as session:
        review = claim_next(session, moderator, reason=query.reason, claim_seconds=seconds)
        return read_item(session, review, moderator) if review else None


def read_query() -> PageQuery:
    """The filter and the item to undo.

    Raises:
        RequestInvalid: the address was written by hand, and wrongly.
    """
    try:
        return TypeAdapter(PageQuery).validate_python(request.args.to_dict())
    except ValidationError as error:
        raise RequestInvalid("The page's address names no such filter.") from error


def answer(
    moderator: Moderator, item: ReviewItem | None, last: UUID | None = None
) -> ResponseReturnValue:
    """JSON for the script; for a plain form the page again."""
    query = read_query()
    if not is_script():
        again: dict[str, Any] = {"reason": query.reason, "last": last}
        return redirect(url_for("review_pages.show_queue", **again), 303)
    with services().sessions.begin() as session:
        waiting = count_waiting(session, moderator.tenant_id)
    html = render_template("review_item.html", item=item, csrf_token=csrf_token(), query=query)
    return jsonify({"item": html if item else None, "waiting": waiting})
