"""`/v1/checks/{id}/feedback` and `/appeal`: what people say about a verdict."""

from uuid import UUID

from flask import Response, make_response
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy.orm import Session

from api.authentication import require_holder
from api.problems import CheckNotFound
from api.render_review import render_appeal, render_feedback
from api.review_schemas import AppealBody, AppealRequest, FeedbackBody, OpinionRequest
from api.schemas import CheckPath
from api.services import services
from scans.appeals import appeal_check
from scans.checks import find_check_to_speak_of
from scans.feedback_rows import Opinion, add_feedback, find_standing
from scans.tables import Check

routes = APIBlueprint("feedback", __name__, abp_tags=[Tag(name="feedback")])


@routes.post(
    "/v1/checks/<uuid:check_id>/feedback",
    operation_id="giveFeedback",
    summary="Say what you think of a verdict",
    description="Nothing is ever changed or replaced: a second opinion stands beside the first.",
    responses={201: FeedbackBody},
)
def give_feedback(path: CheckPath, body: OpinionRequest) -> Response:
    """A moderator's word is a label, a reader's a hint."""
    holder = require_holder()
    with services().sessions.begin() as session:
        check = find_own_check(session, holder.tenant_id, path.check_id)
        row = add_feedback(session, check, holder, Opinion(body.says, body.reason, body.note))
        answer = render_feedback(row, find_standing(session, row))
    return make_response(answer.model_dump(mode="json"), 201)


@routes.post(
    "/v1/checks/<uuid:check_id>/appeal",
    operation_id="appealCheck",
    summary="Ask for a second look by a person",
    description="One appeal for each person and check; asked again, it says what became of it.",
    responses={200: AppealBody, 201: AppealBody},
)
def appeal(path: CheckPath, body: AppealRequest) -> Response:
    """Put the check's picture at the front of the moderators' queue."""
    holder = require_holder()
    with services().sessions.begin() as session:
        check = find_own_check(session, holder.tenant_id, path.check_id)
        row, is_new = appeal_check(session, check, holder.person_id, body.reason, body.note)
        answer = render_appeal(row)
    return make_response(answer.model_dump(mode="json"), 201 if is_new else 200)


def find_own_check(session: Session, tenant_id: UUID, check_id: UUID) -> Check:
    """A check of the caller's own tenant.

    Raises:
        CheckNotFound: there is none.
    """
    check = find_check_to_speak_of(session, tenant_id, check_id)
    if check is None:
        raise CheckNotFound("There is no check with this id among yours.")
    return check
