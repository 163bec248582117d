"""Webhook endpoints: made, read, changed, rotated and removed by their tenant."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scans.coop_messages import Shape
from scans.errors import (
    TooManyWebhooks,
    WebhookDisabled,
    WebhookNotFound,
    WebhookNotStandard,
)
from scans.tables import Tenant, WebhookDelivery, WebhookEndpoint
from scans.webhook_events import announce_test
from scans.webhook_secrets import SecretBox, make_secret

MAX_ENDPOINTS = 50  # of one tenant: each of them gets each event
ROTATION_HOURS = 24  # for which the old secret signs too
DISABLED_BY_OWNER, DISABLED_BY_RECEIVER = "by_owner", "receiver_gone"


def create_webhook(
    session: Session,
    tenant_id: UUID,
    url: str,
    events: Sequence[str],
    box: SecretBox,
    *,
    labels: Sequence[str] | None = None,
) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint. The returned secret is shown once.

    Args:
        labels: of the verdicts that are told; None for all.

    Raises:
        TooManyWebhooks: the tenant has fifty.
    """
    secret = make_secret()
    endpoint = WebhookEndpoint(
        tenant_id=tenant_id,
        url=url,
        events=list(events),
        labels=None if labels is None else list(labels),
        sealed_secret=box.seal(secret),
    )
    add_endpoint(session, endpoint)
    return endpoint, secret


def create_coop_target(
    session: Session,
    tenant_id: UUID,
    address: str,
    *,
    shape: Shape,
    options: Mapping[str, str],
    labels: Sequence[str],
    sealed_api_key: str,
) -> WebhookEndpoint:
    """Make an endpoint that hands verdicts to ROOST Coop, under the key that Coop gave.

    Raises:
        TooManyWebhooks: the tenant has fifty.
    """
    endpoint = WebhookEndpoint(
        tenant_id=tenant_id,
        url=address,
        events=["check.done"],
        labels=list(labels),
        shape=shape,
        options=dict(options),
        sealed_secret=sealed_api_key,
    )
    add_endpoint(session, endpoint)
    return endpoint


def add_endpoint(session: Session, endpoint: WebhookEndpoint) -> None:
    """Keep a new endpoint, while its tenant has not too many.

    Raises:
        TooManyWebhooks: the tenant has fifty.
    """
    # The tenant's row is locked, so that two callers cannot both be the fiftieth.
    tenant = select(Tenant.id).where(Tenant.id == endpoint.tenant_id)
    session.execute(tenant.with_for_update(key_share=True))
    if len(list_webhooks(session, endpoint.tenant_id)) >= MAX_ENDPOINTS:
        raise TooManyWebhooks(f"A tenant can have {MAX_ENDPOINTS} webhooks. Remove one first.")
    session.add(endpoint)
    session.flush()


def list_webhooks(session: Session, tenant_id: UUID) -> list[WebhookEndpoint]:
    """All endpoints of a tenant, the oldest first."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.tenant_id == tenant_id)
    return list(session.scalars(query.order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)))


def get_webhook(session: Session, tenant_id: UUID, webhook_id: UUID) -> WebhookEndpoint:
    """One endpoint of this tenant.

    Raises:
        WebhookNotFound: there is none of this id among the tenant's.
    """
    endpoint = session.scalar(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.id == webhook_id, WebhookEndpoint.tenant_id == tenant_id)
        .with_for_update(key_share=True)
    )
    if endpoint is None:
        raise WebhookNotFound("There is no webhook with this id among yours.")
    return endpoint


def change_webhook(
    session: Session,
    endpoint: WebhookEndpoint,
    *,
    url: str | None,
    events: Sequence[str] | None,
    labels: Sequence[str] | None,
    is_enabled: bool | None,
) -> None:
    """Change what is given; None leaves a field as it is.

    Raises:
        WebhookNotStandard: another system takes `check.done` alone.
    """
    if events is not None:
        refuse_other_shapes(endpoint)
    endpoint.labels = endpoint.labels if labels is None else list(labels)
    endpoint.url = endpoint.url if url is None else url
    endpoint.events = endpoint.events if events is None else list(events)
    if is_enabled is True:
        endpoint.disabled_at = endpoint.disabled_reason = None
    if is_enabled is False and endpoint.disabled_at is None:
        disable_webhook(session, endpoint, DISABLED_BY_OWNER)
    session.flush()


def disable_webhook(session: Session, endpoint: WebhookEndpoint, reason: str) -> None:
    """Send nothing more there. What waits dies in its time, unless it is enabled by then."""
    endpoint.disabled_at = session.scalar(select(func.now()))
    endpoint.disabled_reason = reason


def rotate_secret(session: Session, endpoint: WebhookEndpoint, box: SecretBox) -> str:
    """A new secret, shown once. The old one signs beside it for a day, if it can be read.

    Raises:
        WebhookNotStandard: what is kept is another system's key, which only it can change.
    """
    refuse_other_shapes(endpoint)
    secret = make_secret()
    now = session.scalars(select(func.now())).one()
    is_readable = box.can_open(endpoint.sealed_secret)
    endpoint.previous_sealed_secret = endpoint.sealed_secret if is_readable else None
    endpoint.previous_secret_until = now + timedelta(hours=ROTATION_HOURS) if is_readable else None
    endpoint.sealed_secret = box.seal(secret)
    return secret


def send_test(session: Session, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Tell the endpoint that it is one.

    Raises:
        WebhookDisabled: nothing is sent to it now.
        WebhookNotStandard: another system would take the test for an image.
    """
    refuse_other_shapes(endpoint)
    if endpoint.disabled_at is not None:
        raise WebhookDisabled("This webhook is disabled. Set `is_enabled` to true first.")
    delivery = announce_test(session, endpoint)
    session.refresh(delivery)
    return delivery


def refuse_other_shapes(endpoint: WebhookEndpoint) -> None:
    """Only what is told by Standard Webhooks has a secret of ours and a test.

    Raises:
        WebhookNotStandard: this endpoint is another system's.
    """
    if endpoint.shape != "standard":
        raise WebhookNotStandard("This endpoint is ROOST Coop's: remove it and make it again.")
