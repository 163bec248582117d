"""`/v1/webhooks`: where to tell of what happens, and what was told."""

from typing import Any

from flask import Response, make_response, url_for
from flask_openapi3 import APIBlueprint, Tag

from api.authentication import require_holder
from api.render_webhook import render_delivery, render_webhook, webhook_fields
from api.services import services
from api.webhook_schemas import (
    DeliveriesBody,
    DeliveriesQuery,
    DeliveryBody,
    DeliveryPath,
    WebhookBody,
    WebhookChange,
    WebhookPath,
    WebhookRequest,
    WebhooksBody,
    WebhookWithSecretBody,
)
from scans import webhooks
from scans.image_url import canonical_url
from scans.roles import Right
from scans.webhook_deliveries import list_deliveries as list_delivery_rows
from scans.webhook_deliveries import replay_delivery as replay

routes = APIBlueprint("webhooks", __name__, abp_tags=[Tag(name="webhooks")])


@routes.get(
    "/v1/webhooks",
    operation_id="listWebhooks",
    summary="List your webhooks",
    responses={200: WebhooksBody},
)
def list_webhooks() -> dict[str, Any]:
    """The oldest first."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        found = [render_webhook(one) for one in webhooks.list_webhooks(session, holder.tenant_id)]
    return WebhooksBody(webhooks=found).model_dump(mode="json")


@routes.post(
    "/v1/webhooks",
    operation_id="createWebhook",
    summary="Be told when checks end",
    description="Requests are signed by the Standard Webhooks specification. The secret is shown "
    "in this answer alone.",
    responses={201: WebhookWithSecretBody},
)
def create_webhook(body: WebhookRequest) -> Response:
    """A new endpoint of the caller's tenant."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        endpoint, secret = webhooks.create_webhook(
            session,
            holder.tenant_id,
            canonical_url(body.url),
            body.events,
            services().secret_box,
            labels=body.labels,
        )
    shown = WebhookWithSecretBody(**webhook_fields(endpoint), secret=secret)
    response = make_response(shown.model_dump(mode="json"), 201)
    response.headers["Location"] = url_for("webhooks.read_webhook", webhook_id=endpoint.id)
    return response


@routes.get(
    "/v1/webhooks/<uuid:webhook_id>",
    operation_id="readWebhook",
    summary="Read a webhook",
    responses={200: WebhookBody},
)
def read_webhook(path: WebhookPath) -> dict[str, Any]:
    """Without its secret."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        endpoint = webhooks.get_webhook(session, holder.tenant_id, path.webhook_id)
    return render_webhook(endpoint).model_dump(mode="json")


@routes.patch(
    "/v1/webhooks/<uuid:webhook_id>",
    operation_id="changeWebhook",
    summary="Change, disable or enable a webhook",
    responses={200: WebhookBody},
)
def change_webhook(path: WebhookPath, body: WebhookChange) -> dict[str, Any]:
    """What is given; the rest stays."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        endpoint = webhooks.get_webhook(session, holder.tenant_id, path.webhook_id)
        webhooks.change_webhook(
            session,
            endpoint,
            url=canonical_url(body.url) if body.url else None,
            events=body.events,
            labels=body.labels,
            is_enabled=body.is_enabled,
        )
    return render_webhook(endpoint).model_dump(mode="json")


@routes.delete(
    "/v1/webhooks/<uuid:webhook_id>",
    operation_id="removeWebhook",
    summary="Remove a webhook and its deliveries",
    responses={204: None},
)
def remove_webhook(path: WebhookPath) -> Response:
    """What waits for it is not sent."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        session.delete(webhooks.get_webhook(session, holder.tenant_id, path.webhook_id))
    return Response(status=204)


@routes.post(
    "/v1/webhooks/<uuid:webhook_id>/rotate",
    operation_id="rotateWebhook",
    summary="Get a new secret",
    description="For a day each request carries two signatures, by the new secret and by the old.",
    responses={200: WebhookWithSecretBody},
)
def rotate_webhook(path: WebhookPath) -> dict[str, Any]:
    """The new secret is shown in this answer alone."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        endpoint = webhooks.get_webhook(session, holder.tenant_id, path.webhook_id)
        secret = webhooks.rotate_secret(session, endpoint, services().secret_box)
    shown = WebhookWithSecretBody(**webhook_fields(endpoint), secret=secret)
    return shown.model_dump(mode="json")


@routes.post(
    "/v1/webhooks/<uuid:webhook_id>/test",
    operation_id="testWebhook",
    summary="Send the event `webhook.test`",
    description="Look among the webhook's deliveries for what became of it.",
    responses={202: DeliveryBody},
)
def send_test(path: WebhookPath) -> Response:
    """By the same way as any other event."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        endpoint = webhooks.get_webhook(session, holder.tenant_id, path.webhook_id)
        shown = render_delivery(webhooks.send_test(session, endpoint))
    services().waker.wake("deliver")
    return make_response(shown.model_dump(mode="json"), 202)


@routes.get(
    "/v1/webhooks/<uuid:webhook_id>/deliveries",
    operation_id="listDeliveries",
    summary="List what was sent, waits or was given up",
    responses={200: DeliveriesBody},
)
def list_deliveries(path: WebhookPath, query: DeliveriesQuery) -> dict[str, Any]:
    """The newest first, a page at a time."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        endpoint = webhooks.get_webhook(session, holder.tenant_id, path.webhook_id)
        rows = list_delivery_rows(
            session, endpoint, only_dead=query.dead, after=query.cursor, limit=query.limit + 1
        )
        page = [render_delivery(row) for row in rows[: query.limit]]
    has_more = len(rows) > query.limit
    shown = DeliveriesBody(deliveries=page, next_cursor=page[-1].id if has_more else None)
    return shown.model_dump(mode="json")


@routes.post(
    "/v1/webhooks/deliveries/<uuid:delivery_id>/replay",
    operation_id="replayDelivery",
    summary="Send once more what has ended",
    description="Under the same `webhook-id`, with all its attempts.",
    responses={202: DeliveryBody},
)
def replay_delivery(path: DeliveryPath) -> Response:
    """Delivered or dead."""
    holder = require_holder(Right.INTEGRATE)
    with services().sessions.begin() as session:
        shown = render_delivery(replay(session, path.delivery_id, holder.tenant_id))
    services().waker.wake("deliver")
    return make_response(shown.model_dump(mode="json"), 202)
