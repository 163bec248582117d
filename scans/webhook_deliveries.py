"""The rows are the queue of deliveries too: claimed, put back, ended, listed and replayed here.

As for checks (`scans/queue.py`), a claim holds a lease and a fencing token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import and_, delete, exists, func, not_, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from scans.errors import DeliveryNotFound, DeliveryWaiting, LeaseLost, WebhookDisabled
from scans.tables import WebhookDelivery, WebhookEndpoint, WebhookEvent

# At a time, so that one endpoint which hangs does not hold every worker.
MAX_HELD_FOR_ENDPOINT = 2
_IS_OPEN = and_(WebhookDelivery.delivered_at.is_(None), WebhookDelivery.dead_at.is_(None))


@dataclass(frozen=True, slots=True)
class DeliveryClaim:
    """One delivery that this worker may make until its lease ends, with all that it needs."""

    delivery_id: UUID
    lease_token: UUID
    attempt: int
    endpoint_id: UUID
    event_id: str
    payload: dict[str, Any]
    url: str
    shape: str
    options: dict[str, Any]
    sealed_secrets: tuple[str, ...]
    is_disabled: bool
    traceparent: str | None = None


def claim_delivery(session: Session, *, lease_seconds: float) -> DeliveryClaim | None:
    """Take the delivery that has been due for longest, if there is one.

    Rows that another worker is taking at this moment are passed over (`SKIP LOCKED`).
    """
    held = aliased(WebhookDelivery)
    held_count = (
        select(func.count())
        .where(held.endpoint_id == WebhookDelivery.endpoint_id, held.lease_until > func.now())
        .where(held.lease_token.is_not(None))
        .scalar_subquery()
    )
    due = (
        select(WebhookDelivery.id)
        .where(_IS_OPEN, WebhookDelivery.next_attempt_at <= func.now())
        .where(or_(WebhookDelivery.lease_until.is_(None), WebhookDelivery.lease_until < func.now()))
        .where(held_count < MAX_HELD_FOR_ENDPOINT)
        .order_by(WebhookDelivery.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    token = uuid4()
    taken = session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == due.c.id)
        .values(
            lease_token=token,
            lease_until=func.now() + timedelta(seconds=lease_seconds),
            attempts=WebhookDelivery.attempts + 1,
        )
        .returning(WebhookDelivery.id, WebhookDelivery.attempts)
    ).first()
    return None if taken is None else _read_claim(session, taken.id, token, taken.attempts)


def _read_claim(
    session: Session, delivery_id: UUID, token: UUID, attempt: int
) -> DeliveryClaim | None:
    """None where the endpoint was removed since, and the delivery with it."""
    found = session.execute(
        select(WebhookEvent, WebhookEndpoint, WebhookEndpoint.previous_secret_until > func.now())
        .select_from(WebhookDelivery)
        .join(WebhookEvent)
        .join(WebhookEndpoint)
        .where(WebhookDelivery.id == delivery_id)
    ).first()
    if found is None:
        return None
    event, endpoint, is_rotating = found
    previous = endpoint.previous_sealed_secret if is_rotating else None
    return DeliveryClaim(
        delivery_id=delivery_id,
        lease_token=token,
        attempt=attempt,
        endpoint_id=endpoint.id,
        event_id=event.id,
        payload=event.payload,
        url=endpoint.url,
        shape=endpoint.shape,
        options=endpoint.options,
        sealed_secrets=(endpoint.sealed_secret, *([previous] if previous else [])),
        is_disabled=endpoint.disabled_at is not None,
        traceparent=event.traceparent,
    )


def forget_ended(session: Session, keep_days: int, *, limit: int) -> int:
    """Remove deliveries that ended so long ago, and events that nobody is told of any more.

    Returns how many rows went, at most `limit` of each kind.
    """
    before = func.now() - timedelta(days=keep_days)
    ended = (
        select(WebhookDelivery.id)
        .where(func.coalesce(WebhookDelivery.delivered_at, WebhookDelivery.dead_at) < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    told = (
        delete(WebhookDelivery).where(WebhookDelivery.id.in_(ended)).returning(WebhookDelivery.id)
    )
    count = len(session.scalars(told.returning(WebhookDelivery.id)).all())
    # An endpoint that is removed takes its deliveries along, so an event may be without any.
    is_told = exists().where(WebhookDelivery.event_id == WebhookEvent.id)
    orphans = (
        select(WebhookEvent.id).where(WebhookEvent.created_at < before, not_(is_told)).limit(limit)
    )
    forgotten = delete(WebhookEvent).where(WebhookEvent.id.in_(orphans)).returning(WebhookEvent.id)
    return count + len(session.scalars(forgotten).all())


def end_delivered(session: Session, claim: DeliveryClaim, status: int) -> None:
    """The receiver has it.

    Raises:
        LeaseLost: another worker holds the delivery now, or it is gone.
    """
    _write(session, claim, delivered_at=func.now(), last_status=status, last_error=None)


def end_dead(session: Session, claim: DeliveryClaim, error: str, status: int | None) -> None:
    """No other attempt will be made, unless the delivery is replayed.

    Raises:
        LeaseLost: as for `end_delivered`.
    """
    _write(session, claim, dead_at=func.now(), last_status=status, last_error=error)


def try_later(
    session: Session, claim: DeliveryClaim, error: str, status: int | None, delay_seconds: float
) -> None:
    """Let the delivery wait for its next attempt.

    Raises:
        LeaseLost: as for `end_delivered`.
    """
    next_attempt_at = func.now() + timedelta(seconds=delay_seconds)
    _write(session, claim, next_attempt_at=next_attempt_at, last_status=status, last_error=error)


def _write(session: Session, claim: DeliveryClaim, **values: object) -> None:
    """Write only while the lease is ours: the token fences off whoever lost it."""
    written = session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == claim.delivery_id,
            WebhookDelivery.lease_token == claim.lease_token,
        )
        .values(lease_token=None, lease_until=None, **values)
        .returning(WebhookDelivery.id)
    )
    if written.first() is None:
        raise LeaseLost(f"delivery {claim.delivery_id} is held by another worker")


def list_deliveries(
    session: Session,
    endpoint: WebhookEndpoint,
    *,
    only_dead: bool,
    after: UUID | None,
    limit: int,
) -> Sequence[WebhookDelivery]:
    """An endpoint's deliveries, the newest first, from behind the one that `after` names.

    Raises:
        DeliveryNotFound: the endpoint has no delivery `after`.
    """
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id)
    place = tuple_(WebhookDelivery.created_at, WebhookDelivery.id)
    if after is not None:
        last = session.get(WebhookDelivery, after)
        if last is None or last.endpoint_id != endpoint.id:
            raise DeliveryNotFound("The cursor names no delivery of this webhook.")
        query = query.where(place < (last.created_at, last.id))
    if only_dead:
        query = query.where(WebhookDelivery.dead_at.is_not(None))
    newest_first = (WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc())
    return session.scalars(query.order_by(*newest_first).limit(limit)).all()


def replay_delivery(
    session: Session, delivery_id: UUID, tenant_id: UUID | None = None
) -> WebhookDelivery:
    """Make a delivery once more that has ended: now, under the same id, with all its attempts.

    Args:
        tenant_id: whose it must be; None for the operator.

    Raises:
        DeliveryNotFound: there is none of this id among the tenant's.
        DeliveryWaiting: it has not ended.
        WebhookDisabled: nothing is sent to its endpoint now.
    """
    query = (
        select(WebhookDelivery, WebhookEndpoint)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.id == delivery_id)
        .with_for_update(of=WebhookDelivery)
    )
    if tenant_id is not None:
        query = query.where(WebhookEndpoint.tenant_id == tenant_id)
    found = session.execute(query).first()
    if found is None:
        raise DeliveryNotFound("There is no delivery with this id among yours.")
    delivery, endpoint = found
    if endpoint.disabled_at is not None:
        raise WebhookDisabled("This webhook is disabled. Set `is_enabled` to true first.")
    if delivery.delivered_at is None and delivery.dead_at is None:
        raise DeliveryWaiting("This delivery has not ended: it is tried again by itself.")
    delivery.attempts = 0
    delivery.delivered_at = delivery.dead_at = None
    delivery.next_attempt_at = session.scalars(select(func.now())).one()
    session.flush()
    return delivery


def disable_endpoint_of(session: Session, claim: DeliveryClaim, reason: str) -> None:
    """Send nothing more to this delivery's endpoint."""
    session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == claim.endpoint_id, WebhookEndpoint.disabled_at.is_(None))
        .values(disabled_at=func.now(), disabled_reason=reason)
    )


def count_by_state(session: Session) -> dict[str, int]:
    """How many deliveries wait, were made, or are dead."""
    waiting, delivered, dead = session.execute(
        select(
            func.count().filter(_IS_OPEN),
            func.count().filter(WebhookDelivery.delivered_at.is_not(None)),
            func.count().filter(WebhookDelivery.dead_at.is_not(None)),
        ).select_from(WebhookDelivery)
    ).one()
    return {"waiting": waiting, "delivered": delivered, "dead": dead}


def oldest_due_seconds(session: Session) -> float:
    """For how long the delivery that should be made first has been due; 0 where none is."""
    first = select(func.min(WebhookDelivery.next_attempt_at)).where(_IS_OPEN).scalar_subquery()
    seconds = session.scalar(select(func.extract("epoch", func.now() - first)))
    return max(0.0, float(seconds or 0))
