"""`/v1/checks`: ask for a check, read it."""

import re
import time
from contextlib import closing
from typing import Any

import structlog
from flask import Response, make_response, request, url_for
from flask_openapi3 import APIBlueprint, Tag
from flask_openapi3.models import RawModel
from pydantic import ValidationError

from api.authentication import require_holder
from api.batch_schemas import ChecksBody, ChecksQuery
from api.errors import answer_invalid
from api.problems import BodyUnsupported, CheckNotFound, RequestInvalid
from api.render_check import render_check, render_own_check
from api.request_check import request_check_of_bytes, request_check_of_url, wait_for_end
from api.request_ids import request_id
from api.schemas import CheckBody, CheckPath, CheckRequest, UploadFields, WaitQuery
from api.services import services
from scans.check_list import CheckFilter
from scans.check_list import list_checks as list_check_rows
from scans.checks import find_check
from scans.keys import KeyHolder
from scans.reviews import find_humans
from scans.tables import OPEN_STATUSES, Check
from scans.traces import note

log = structlog.get_logger()
routes = APIBlueprint("checks", __name__, abp_tags=[Tag(name="checks")])

PREFER_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?=$|[,;])", re.IGNORECASE)


class CheckRequestRaw(RawModel):
    """JSON or a multipart form; `api/openapi.py` describes both."""

    mimetypes = ["application/json", "multipart/form-data"]  # noqa: RUF012  # as its base has it


@routes.post(
    "/v1/checks",
    operation_id="requestCheck",
    summary="Ask for a check of one image",
    description="Give an address as JSON, or the bytes as the multipart field `image`. With "
    "`Prefer: wait=8` the answer is held up to eight seconds: 200 when the check has ended, else "
    "202 with its `Location`. The same image asked for again is answered from what is known.",
    responses={200: CheckBody, 202: CheckBody},
)
def request_check(query: WaitQuery, raw: CheckRequestRaw) -> Response:  # noqa: ARG001
    """Take the request, wait as long as the caller prefers, answer."""
    holder = require_holder()
    try:
        check = take_request(holder)
    except ValidationError as error:
        return answer_invalid(error)
    note(check_id=str(check.id))
    log.info("check_asked_for", check_id=str(check.id), status=check.status)
    wait_seconds = preferred_wait(query)
    if wait_seconds:
        check = wait_for_end(check, wait_seconds, reads=services().reads, sleep=time.sleep)
    return answer_check(check, waited=bool(wait_seconds))


@routes.get(
    "/v1/checks/<uuid:check_id>",
    operation_id="readCheck",
    summary="Read a check, its status and its verdict",
    responses={200: CheckBody},
)
def read_check(path: CheckPath) -> dict[str, Any]:
    """A check of the caller's own tenant."""
    holder = require_holder()
    check = services().reads.ask(lambda rows: find_check(rows, holder.tenant_id, path.check_id))
    if check is None:
        raise CheckNotFound("There is no check with this id among yours.")
    return render_own_check(check).model_dump(mode="json")


@routes.get(
    "/v1/checks",
    operation_id="listChecks",
    summary="List your checks, the newest first",
    responses={200: ChecksBody},
)
def list_checks(query: ChecksQuery) -> dict[str, Any]:
    """A page of the caller's own tenant's checks."""
    holder = require_holder()
    wanted = CheckFilter(**query.model_dump(exclude={"cursor", "limit"}))
    with services().sessions.begin() as session:
        page = list_check_rows(
            session, holder.tenant_id, wanted, cursor=query.cursor, limit=query.limit
        )
        humans = find_humans(session, holder.tenant_id, page.rows)
    checks = [render_check(check, humans.get(check.id)) for check in page.rows]
    return ChecksBody(checks=checks, next_cursor=page.next_cursor).model_dump(mode="json")


def take_request(holder: KeyHolder) -> Check:
    """One function for each kind of body.

    Raises:
        BodyUnsupported, RequestInvalid, ValidationError, UrlNotCanonical: see the problem.
    """
    if request.mimetype == "multipart/form-data":
        return take_upload(holder)
    if not request.is_json:
        raise BodyUnsupported(
            'Send JSON like {"url": "https://…"}, or a multipart form with the field `image`.'
        )
    body = CheckRequest.model_validate(request.get_json())
    wake = services().waker
    return request_check_of_url(
        body.url,
        body.page_url,
        holder.tenant_id,
        sessions=services().sessions,
        wake=lambda: wake.wake("fetch"),
        fresh_seconds=services().settings.url_verdict_fresh_seconds,
        request_id=request_id(),
    )


def take_upload(holder: KeyHolder) -> Check:
    """Bytes, and perhaps where they are from."""
    fields = UploadFields.model_validate(request.form.to_dict())
    content = read_uploaded_image()
    wake = services().waker
    return request_check_of_bytes(
        content,
        fields.url,
        fields.page_url,
        holder.tenant_id,
        is_from_screen=fields.taken_from_screen,
        sessions=services().sessions,
        reads=services().reads,
        store=services().store,
        wake=lambda: wake.wake("fetch"),
        request_id=request_id(),
    )


def read_uploaded_image() -> bytes:
    """The bytes in the field `image`.

    Raises:
        RequestInvalid: there are none.
    """
    file = request.files.get("image")
    if file is None:
        raise RequestInvalid("The multipart field `image` is missing.")
    with closing(file):
        content: bytes = file.read()
    if not content:
        raise RequestInvalid("The file in the multipart field `image` is empty.")
    return content


def preferred_wait(query: WaitQuery) -> float:
    """Seconds to hold the answer: `?wait=`, or `Prefer: wait=` (RFC 7240, section 4.3)."""
    if query.wait is not None:
        return query.wait
    found = PREFER_WAIT.search(request.headers.get("Prefer", ""))
    return float(found.group(1)) if found else 0.0


def answer_check(check: Check, *, waited: bool) -> Response:
    """200 for a check that has ended, 202 for one that goes on."""
    has_ended = check.status not in OPEN_STATUSES
    response = make_response(
        render_own_check(check).model_dump(mode="json"), 200 if has_ended else 202
    )
    response.headers["Location"] = url_for("checks.read_check", check_id=check.id)
    if not has_ended:
        response.headers["Retry-After"] = "1"
    if waited:
        response.headers["Preference-Applied"] = "wait"
    return response
