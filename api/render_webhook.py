"""Rows of webhooks to the bodies that the API gives."""

from typing import Any, Literal

from api.webhook_schemas import DeliveryBody, WebhookBody
from scans.tables import WebhookDelivery, WebhookEndpoint


def render_webhook(endpoint: WebhookEndpoint) -> WebhookBody:
    """An endpoint without its secrets."""
    return WebhookBody(**webhook_fields(endpoint))


def webhook_fields(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """What every body of an endpoint has."""
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": endpoint.events,
        "labels": endpoint.labels,
        "shape": endpoint.shape,
        "is_enabled": endpoint.disabled_at is None,
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
        "previous_secret_until": endpoint.previous_secret_until,
        "created_at": endpoint.created_at,
    }


def render_delivery(delivery: WebhookDelivery) -> DeliveryBody:
    """A delivery as it stands."""
    state = state_of(delivery)
    return DeliveryBody(
        id=delivery.id,
        webhook_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        event_type=delivery.event.type,
        state=state,
        attempts=delivery.attempts,
        next_attempt_at=delivery.next_attempt_at if state == "waiting" else None,
        delivered_at=delivery.delivered_at,
        dead_at=delivery.dead_at,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        created_at=delivery.created_at,
    )


def state_of(delivery: WebhookDelivery) -> Literal["waiting", "delivered", "dead"]:
    """In one word."""
    if delivery.delivered_at is not None:
        return "delivered"
    return "waiting" if delivery.dead_at is None else "dead"
