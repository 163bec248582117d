"""`/v1/integrations/coop`: what ROOST Coop's plug-in asks, and what Coop itself sends back."""

import time
from typing import Any

import structlog
from flask import Response, make_response, request, url_for
from flask_openapi3 import APIBlueprint, Tag

from api.authentication import require_holder
from api.coop_schemas import (
    CoopActionBody,
    CoopActionTakenBody,
    CoopCheckRequest,
    CoopConnectionRequest,
    CoopTargetRequest,
)
from api.render_webhook import render_webhook
from api.request_check import request_check_of_url, wait_for_end
from api.request_ids import request_id
from api.routes.checks import answer_check, preferred_wait
from api.schemas import CheckBody, WaitQuery
from api.services import services
from api.take_coop_action import take_coop_action
from api.webhook_schemas import WebhookBody
from scans.coop_items import CoopItemName, connect_coop, find_public_key, remember_item
from scans.coop_signature import read_public_key, verify_signature
from scans.image_url import canonical_url
from scans.roles import Right
from scans.webhooks import create_coop_target

log = structlog.get_logger()
routes = APIBlueprint("coop", __name__, abp_tags=[Tag(name="integrations")])


@routes.post(
    "/v1/integrations/coop/checks",
    operation_id="requestCheckOfCoopItem",
    summary="Ask for a check of an item's image",
    description="As `POST /v1/checks`, and Coop's later decision on the item finds the check.",
    responses={200: CheckBody, 202: CheckBody},
)
def request_check(query: WaitQuery, body: CoopCheckRequest) -> Response:
    """The same use case as for any address, with a note on the item."""
    holder = require_holder(Right.INTEGRATE)
    wake = services().waker
    check = request_check_of_url(
        body.url,
        None,
        holder.tenant_id,
        sessions=services().sessions,
        wake=lambda: wake.wake("fetch"),
        fresh_seconds=services().settings.url_verdict_fresh_seconds,
        request_id=request_id(),
    )
    if body.item_id is not None:
        with services().sessions.begin() as session:
            remember_item(session, check, CoopItemName(body.item_id, body.item_type))
    wait_seconds = preferred_wait(query)
    if wait_seconds:
        check = wait_for_end(check, wait_seconds, reads=services().reads, sleep=time.sleep)
    return answer_check(check, waited=bool(wait_seconds))


@routes.put(
    "/v1/integrations/coop",
    operation_id="connectCoop",
    summary="Say how your Coop signs",
    description="Replaces the key that was set before.",
    responses={204: None},
)
def connect(body: CoopConnectionRequest) -> Response:
    """Keep the public key of the caller's tenant."""
    holder = require_holder(Right.INTEGRATE)
    read_public_key(body.public_key_pem)
    with services().sessions.begin() as session:
        connect_coop(session, holder.tenant_id, body.public_key_pem)
    return Response(status=204)


@routes.post(
    "/v1/integrations/coop/targets",
    operation_id="createCoopTarget",
    summary="Hand verdicts to Coop, as items or as reports",
    description="Kept in rows and tried for three days, as a webhook is: `/v1/webhooks` lists, "
    "changes and removes it, and replays what was given up.",
    responses={201: WebhookBody},
)
def create_target(body: CoopTargetRequest) -> Response:
    """A new endpoint of the caller's tenant, in Coop's own shape."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        endpoint = create_coop_target(
            session,
            holder.tenant_id,
            canonical_url(body.url),
            shape="coop_items" if body.send == "items" else "coop_reports",
            options=body.options(),
            labels=body.labels,
            sealed_api_key=services().secret_box.seal(body.api_key),
        )
    response = make_response(render_webhook(endpoint).model_dump(mode="json"), 201)
    response.headers["Location"] = url_for("webhooks.read_webhook", webhook_id=endpoint.id)
    return response


@routes.post(
    "/v1/integrations/coop/actions",
    operation_id="takeCoopAction",
    summary="Take an action callback of Coop's",
    description="Signed by Coop (`Coop-Signature`), and with a key of yours as a header that is "
    "set at the action. A moderator's key makes a label of the decision, any other a hint.",
    responses={200: CoopActionTakenBody},
)
def take_action(body: CoopActionBody) -> dict[str, Any]:
    """What Coop's moderator decided, as feedback on the check of the item."""
    holder = require_holder()
    content = request.get_data()  # as it came, since that is what was signed
    with services().sessions.begin() as session:
        key = find_public_key(session, holder.tenant_id)
    verify_signature(key, request.headers.get("Coop-Signature"), content)
    taken = take_coop_action(body, content, holder, sessions=services().sessions)
    log.info("coop_action_taken", check_id=str(taken.check_id), is_new=taken.is_new)
    return taken.model_dump(mode="json")
