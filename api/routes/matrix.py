"""What synapse-http-antispam asks for a homeserver: may this event pass?

Any JSON answer that is not 2xx blocks the event, whatever `fail_open` says. So our own faults are
told in plain text: after that the module does what its operator chose.
"""

import time
from uuid import UUID

from flask import Blueprint, Response, jsonify, make_response, request

from api.connection_auth import require_connection, spend_call
from api.errors import answer_errors_as
from api.problems import ConnectionRefused
from api.services import services
from api.wait_for_errand import wait_for_errand
from integrations import matrix
from scans.errands import create_errand
from scans.integration_tables import Connection

routes = Blueprint("matrix", __name__)
WAIT_SECONDS = 8.0


def write_fault(status: int, message: str) -> Response:
    """Not JSON, on purpose."""
    return Response(f"{message}\n", status, mimetype="text/plain")


answer_errors_as(routes, write_fault)


@routes.post("/integrations/matrix/<connection_id>/check_event_for_spam")
def check_event(connection_id: str) -> Response:
    """`{}` lets the event pass. It is refused only where the owner has switched refusal on."""
    connection = require_matrix(connection_id)
    body = request.get_json(silent=True)
    event = body.get("event") if isinstance(body, dict) else None
    picture = matrix.read_picture(event) if isinstance(event, dict) else None
    if picture is None:
        return allow()
    spend_call(connection)
    errand_id = take_picture(connection, picture)
    if not connection.options.get("refuses"):
        return allow()
    found = wait_for_errand(errand_id, WAIT_SECONDS, services().sessions, time.sleep)
    if found is not None and found.is_flagged:
        return make_response(jsonify(matrix.REFUSED), 403)
    is_checked = found is not None and found.is_judged
    if not is_checked and connection.options.get("when_away") == "closed":
        return make_response(jsonify(matrix.NOT_CHECKED), 503)
    return allow()


@routes.post("/integrations/matrix/<connection_id>/ping")
def answer_ping(connection_id: str) -> Response:
    """What `do_ping` wants to hear."""
    require_matrix(connection_id)
    body = request.get_json(silent=True)
    name = body.get("id") if isinstance(body, dict) else None
    return make_response(jsonify({"id": name, "status": "ok"}), 200)


@routes.post("/integrations/matrix/<connection_id>/<callback>")
def pass_anything_else(connection_id: str, callback: str) -> Response:  # noqa: ARG001
    """Of logins, invitations and rooms we know nothing."""
    require_matrix(connection_id)
    return allow()


def require_matrix(connection_id: str) -> Connection:
    """The connection of this id.

    A wrong id is refused here, in plain text, and not by the app, whose JSON would block events.

    Raises:
        ConnectionRefused: as `require_connection`.
    """
    try:
        return require_connection("matrix", UUID(connection_id))
    except ValueError as error:
        raise ConnectionRefused("There is no such connection.") from error


def allow() -> Response:
    """Not spam."""
    return make_response(jsonify({}), 200)


def take_picture(connection: Connection, picture: matrix.SentPicture) -> UUID:
    """The errand that fetches the picture from the homeserver: once for each event."""
    details = {"mxc": picture.mxc, "page_url": picture.page_url}
    with services().sessions.begin() as session:
        errand_id, _ = create_errand(session, connection.id, picture.event_id, details)
    services().waker.wake("deliver")
    return errand_id
