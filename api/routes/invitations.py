"""Invitations: made by an admin, accepted by whoever has the link, in the API or on its page."""

from typing import Any

from flask import make_response, render_template, url_for
from flask_openapi3 import APIBlueprint, Tag
from werkzeug.wrappers import Response

from api.authentication import actor, refuse_foreign_origin, require_holder
from api.people_schemas import AcceptedBody, InvitationBody, InvitationPath, InvitationRequest
from api.rate_limits import count_failed_try, refuse_after_failed_tries
from api.request_ids import request_id
from api.services import services
from scans.errors import InvitationUnknown
from scans.invitations import INVITED_ROLE, accept, find_open_invitation, invite
from scans.roles import Right

routes = APIBlueprint("invitations", __name__, abp_tags=[Tag(name="invitations")])


@routes.post(
    "/v1/invitations",
    operation_id="createInvitation",
    summary="Make a link that gives one reader their own key",
    responses={201: InvitationBody},
)
def make_invitation(body: InvitationRequest) -> tuple[dict[str, Any], int]:
    """The answer shows the link once."""
    holder = require_holder(Right.MANAGE)
    with services().sessions.begin() as rows:
        made, token = invite(rows, holder.tenant_id, body.name, actor(holder), hours=body.hours)
    answer = InvitationBody(
        id=made.id, name=made.name, url=link_to(token), expires_at=made.expires_at
    )
    return answer.model_dump(mode="json"), 201


@routes.post(
    "/v1/invitations/<token>/accept",
    operation_id="acceptInvitation",
    summary="Take up an invitation; the answer shows the new key once",
    description="Needs no key: the link is the secret. It works once.",
    responses={201: AcceptedBody},
    security=[],
)
def accept_invitation(path: InvitationPath) -> tuple[dict[str, Any], int]:
    """A browser extension calls this with the token of the link that it was given."""
    refuse_foreign_origin()
    return AcceptedBody(key=take_up(path.token), role=INVITED_ROLE).model_dump(mode="json"), 201


@routes.get("/invitations/<token>", doc_ui=False)
def show_invitation(path: InvitationPath) -> Response:
    """Looking uses nothing up: programs look at links before people do."""
    refuse_after_failed_tries()
    try:
        with services().sessions.begin() as rows:
            invitation = find_open_invitation(rows, path.token)
    except InvitationUnknown:
        count_failed_try()
        raise
    return render_page(name=invitation.name, key=None)


@routes.post("/invitations/<token>", doc_ui=False)
def accept_on_page(path: InvitationPath) -> Response:
    """Show the new key, once."""
    refuse_foreign_origin()
    return render_page(name=None, key=take_up(path.token))


def take_up(token: str) -> str:
    """The key that this link makes.

    Raises:
        InvitationUnknown: none; a few such tries and the address has to wait.
        TooManyRequests: it has to wait.
    """
    refuse_after_failed_tries()
    try:
        with services().sessions.begin() as rows:
            return accept(rows, token, request_id())
    except InvitationUnknown:
        count_failed_try()
        raise


def render_page(*, name: str | None, key: str | None) -> Response:
    """The page of a link; nobody keeps a copy of it."""
    response = make_response(render_template("invitation.html", name=name, key=key))
    response.headers["Cache-Control"] = "no-store"
    return response


def link_to(token: str) -> str:
    """The address of an invitation's page."""
    return url_for("invitations.show_invitation", token=token, _external=True)
