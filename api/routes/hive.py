"""`POST /api/v2/task/sync`, as Hive has it: an existing client changes its address alone."""

import time
from contextlib import closing

from flask import Blueprint, Response, jsonify, make_response, request

from api.authentication import require_holder_of_secret
from api.errors import answer_errors_as
from api.problems import NotSignedIn, RequestInvalid
from api.request_check import request_check_of_bytes, request_check_of_url, wait_for_end
from api.request_ids import request_id
from api.services import services
from integrations.hive import HiveMedia, write_error, write_task
from scans.keys import KeyHolder
from scans.tables import OPEN_STATUSES, Check

routes = Blueprint("hive", __name__)
WAIT_SECONDS = 8.0


def write_hive_error(status: int, message: str) -> Response:
    """An error as Hive's clients expect one."""
    return make_response(jsonify(write_error(status, message)), status)


answer_errors_as(routes, write_hive_error)


@routes.post("/api/v2/task/sync")
def judge_task() -> Response:
    """Wait for the verdict; a task that is sent again joins the check that is under way."""
    holder = require_holder_of_secret(read_token())
    check, filename = take_task(holder)
    check = wait_for_end(check, WAIT_SECONDS, reads=services().reads, sleep=time.sleep)
    if check.status in OPEN_STATUSES and request.args.get("when_away") != "open":
        response = write_hive_error(503, "The task is not done yet. Send it again.")
        response.headers["Retry-After"] = "2"
        return response
    return make_response(jsonify(render_task(check, filename)), 200)


def read_token() -> str:
    """The key in `Authorization: Token KEY`.

    Raises:
        NotSignedIn: there is none.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in {"token", "bearer"} or not secret.strip():
        raise NotSignedIn("Send the header `Authorization: Token YOUR_KEY`.")
    return secret.strip()


def take_task(holder: KeyHolder) -> tuple[Check, str | None]:
    """The check of the form's `media` or of its `url` (in JSON too), and the file's name.

    Raises:
        RequestInvalid: there is neither. UrlNotCanonical: see there.
    """
    waker = services().waker
    file = request.files.get("media")
    if file is not None:
        with closing(file):
            content: bytes = file.read()
        if not content:
            raise RequestInvalid("The file in `media` is empty.")
        check = request_check_of_bytes(
            content,
            None,
            None,
            holder.tenant_id,
            sessions=services().sessions,
            reads=services().reads,
            store=services().store,
            wake=lambda: waker.wake("fetch"),
            request_id=request_id(),
        )
        return check, file.filename
    check = request_check_of_url(
        read_url(),
        None,
        holder.tenant_id,
        sessions=services().sessions,
        wake=lambda: waker.wake("fetch"),
        fresh_seconds=services().settings.url_verdict_fresh_seconds,
        request_id=request_id(),
    )
    return check, None


def read_url() -> str:
    """The address of a task.

    Raises:
        RequestInvalid: there is none.
    """
    body = request.get_json(silent=True) if request.is_json else None
    url = body.get("url") if isinstance(body, dict) else request.form.get("url")
    if not isinstance(url, str) or not url:
        raise RequestInvalid("Send the form field `media` or `url`.")
    return url


def render_task(check: Check, filename: str | None) -> dict[str, object]:
    """A task with its score; one without pixels to judge, or not done, has no classes."""
    verdict, image = check.verdict, check.image
    media = HiveMedia(
        url=check.url,
        filename=filename,
        media_type=image.media_type if image else None,
        width_px=image.width_px if image else None,
        height_px=image.height_px if image else None,
    )
    is_assessed = verdict is not None and verdict.label != "not_assessable"
    score = verdict.score if verdict and is_assessed else None
    if verdict is not None:
        message = "SUCCESS" if score is not None else verdict.label.upper()
    else:
        message = check.error_message or "NOT_DONE_YET"
    return write_task(
        str(check.id),
        check.created_at.isoformat(),
        media,
        score=score,
        message=message,
        model_version=verdict.model_version if verdict else None,
    )
