"""`/v1/batches`: many addresses in one call, and their progress."""

from typing import Any

from flask import Response, make_response, url_for
from flask_openapi3 import APIBlueprint, Tag

from api.authentication import require_holder
from api.batch_schemas import BatchBody, BatchPath, BatchRequest, BatchWithItemsBody
from api.problems import BatchNotFound
from api.render_batch import render_batch, render_batch_with_items
from api.request_ids import request_id
from api.schemas import CheckRequest
from api.services import services
from scans.backpressure import refuse_when_behind
from scans.batches import WantedUrl, create_batch, find_batch
from scans.queue import URGENCIES
from scans.roles import Right

routes = APIBlueprint("batches", __name__, abp_tags=[Tag(name="batches")])


@routes.post(
    "/v1/batches",
    operation_id="requestBatch",
    summary="Ask for checks of up to 1,000 addresses",
    description="Each address becomes a check, or joins the one that is known. One that cannot be "
    "fetched is refused by itself; the others go on. While more is waiting than can be checked "
    "soon, the answer is 503 with `Retry-After`, and nothing is taken.",
    responses={202: BatchBody},
)
def request_batch(body: BatchRequest) -> Response:
    """All checks are made in one transaction: either the batch is there, or nothing is."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        refuse_when_behind(session, services().settings.max_backlog_seconds)
        progress = create_batch(
            session,
            holder.tenant_id,
            [read_wanted(one) for one in body.urls],
            urgency=URGENCIES[body.urgency],
            fresh_seconds=services().settings.url_verdict_fresh_seconds,
            request_id=request_id(),
        )
    services().waker.wake("fetch")
    response = make_response(render_batch(progress).model_dump(mode="json"), 202)
    response.headers["Location"] = url_for("batches.read_batch", batch_id=progress.batch.id)
    return response


@routes.get(
    "/v1/batches/<uuid:batch_id>",
    operation_id="readBatch",
    summary="Read a batch's progress and its items",
    responses={200: BatchWithItemsBody},
)
def read_batch(path: BatchPath) -> dict[str, Any]:
    """A batch of the caller's own tenant."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        progress = find_batch(session, holder.tenant_id, path.batch_id)
    if progress is None:
        raise BatchNotFound("There is no batch with this id among yours.")
    return render_batch_with_items(progress).model_dump(mode="json")


def read_wanted(one: CheckRequest | str) -> WantedUrl:
    """An address by itself, or with the page that showed it."""
    return WantedUrl(one) if isinstance(one, str) else WantedUrl(one.url, one.page_url)
