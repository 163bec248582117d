"""What pict-rs (Lemmy's image server) asks before it takes an upload: `media.external_validation`.

It sends the bytes and their type, takes any 2xx for a yes, and refuses the upload after any other
answer and after none.
"""

import hashlib
import time
from uuid import UUID

from flask import Blueprint, Response, request

from api.connection_auth import require_connection, spend_call
from api.errors import answer_errors_as
from api.problems import RequestInvalid
from api.raw_body import read_raw_body
from api.request_check import request_check_of_bytes, wait_for_end
from api.request_ids import request_id
from api.services import services
from scans.errands import add_check, create_errand
from scans.flags import find_sayings, is_flagged
from scans.integration_tables import Connection
from scans.tables import OPEN_STATUSES, Check

routes = Blueprint("pict_rs", __name__)
WAIT_SECONDS = 8.0  # pict-rs gives up after 30 by default
REFUSED = 406
UNCHECKED = {413, 429}  # larger than we take, or more than we take


def write_answer(status: int, message: str) -> Response:
    """What could not be checked passes, unless the address says otherwise."""
    is_unchecked = status >= 500 or status in UNCHECKED
    if is_unchecked and not is_closed():
        return Response(f"Not checked: {message}\n", 200, mimetype="text/plain")
    return Response(f"{message}\n", status, mimetype="text/plain")


answer_errors_as(routes, write_answer)


@routes.post("/integrations/pict-rs/<uuid:connection_id>")
def validate_upload(connection_id: UUID) -> Response:
    """200 to take the upload; 406 only where the connection's owner has switched refusal on."""
    connection = require_connection("pict_rs", connection_id)
    if request.mimetype.startswith("video/"):
        return Response("Not checked: a video.\n", 200, mimetype="text/plain")
    spend_call(connection)
    check = take_upload(connection)
    if not connection.options.get("refuses"):
        return Response("Taken.\n", 200, mimetype="text/plain")
    check = wait_for_end(check, WAIT_SECONDS, reads=services().reads, sleep=time.sleep)
    if counts_as_ai(check):
        return write_answer(REFUSED, "This server does not take likely AI-made images.")
    if check.status in OPEN_STATUSES:
        return write_answer(503, "the verdict takes too long.")
    return Response("Taken.\n", 200, mimetype="text/plain")


def counts_as_ai(check: Check) -> bool:
    """By what people decided on this picture, else by its verdict."""
    if check.verdict is None:
        return False
    with services().sessions.begin() as session:
        said = find_sayings(session, check.tenant_id, [check])
    return is_flagged(check.verdict.label, said.get(check.id))


def is_closed() -> bool:
    """The switch of pict-rs's operator, in the address, so that it holds without our database."""
    return request.args.get("when_away") == "closed"


def take_upload(connection: Connection) -> Check:
    """A check of the bytes, and an errand that asks people about what is likely AI-made.

    Raises:
        RequestInvalid: there are no bytes.
    """
    content = read_raw_body()
    if not content:
        raise RequestInvalid("There is nothing in this request.")
    waker = services().waker
    check = request_check_of_bytes(
        content,
        None,
        None,
        connection.tenant_id,
        sessions=services().sessions,
        reads=services().reads,
        store=services().store,
        wake=lambda: waker.wake("fetch"),
        request_id=request_id(),
    )
    external_id = f"sha256:{hashlib.sha256(content).hexdigest()}"
    with services().sessions.begin() as session:
        errand_id, is_new = create_errand(session, connection.id, external_id, {})
        if is_new:
            add_check(session, errand_id, check.id, external_id)
    return check
