"""What webhooks tell: an event and its deliveries, written with what they tell of.

They stand in the transaction of the verdict or the failure, so neither can exist without the other.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, func, or_, select
from sqlalchemy.orm import Session, lazyload, load_only

from scans.review_rules import is_reversal
from scans.review_tables import Review
from scans.reviews import find_humans
from scans.tables import Check, Verdict, WebhookDelivery, WebhookEndpoint, WebhookEvent
from scans.traces import current_traceparent

EVENT_TYPES = ("check.done", "check.failed", "check.reviewed", "check.flagged")
TEST_EVENT_TYPE = "webhook.test"
# What is read of a check that failed. The role of the fetching workers may read no more
# (scans/fetch_role.py).
TOLD = (
    Check.id,
    Check.tenant_id,
    Check.status,
    Check.url,
    Check.page_url,
    Check.created_at,
    Check.finished_at,
    Check.image_sha256,
    Check.error_code,
    Check.error_message,
    Check.traceparent,
)


def listeners(
    tenant_id: SQLColumnExpression[UUID], event_type: str, label: str | None = None
) -> ColumnElement[list[UUID]]:
    """A column beside a check's: the endpoints that want to know, as `_listening` has them.

    So whoever ends a check learns in the same statement whether anybody is to be told.
    """
    return func.array(_listening(tenant_id, event_type, label).correlate(Check).scalar_subquery())


def announce_verdict(session: Session, check_id: UUID, listening: Sequence[UUID]) -> None:
    """Tell the endpoints that want to know that this check has a verdict."""
    if not listening:
        return
    check = session.get_one(Check, check_id, populate_existing=True)
    data = describe_check(check, _find_human(session, check))
    _add_event(session, check.tenant_id, "check.done", data, listening)


def announce_failure(session: Session, check_id: UUID, listening: Sequence[UUID]) -> None:
    """Tell the endpoints that want to know that this check has failed."""
    if not listening:
        return
    check = session.scalars(
        select(Check)
        .where(Check.id == check_id)
        .options(load_only(*TOLD, raiseload=True), lazyload("*"))
        .execution_options(populate_existing=True)
    ).one()
    # No step is at work where a check is given up: then its request's trace goes on.
    data, parent = describe_check(check, None), check.traceparent
    _add_event(session, check.tenant_id, "check.failed", data, listening, traceparent=parent)


def announce_decision(session: Session, check: Check) -> None:
    """Tell every endpoint that wants to know what people decided on this check, or took back."""
    session.flush()
    label = check.verdict.label if check.verdict else None
    endpoint_ids = _endpoints_for(session, check.tenant_id, "check.reviewed", label)
    if endpoint_ids:
        data = describe_check(check, _find_human(session, check))
        _add_event(session, check.tenant_id, "check.reviewed", data, endpoint_ids)


def announce_flag(session: Session, check_id: UUID) -> None:
    """Tell every endpoint that wants to know that the policy asks to tell of this check."""
    session.flush()
    check = session.get_one(Check, check_id, populate_existing=True)
    label = check.verdict.label if check.verdict else None
    endpoint_ids = _endpoints_for(session, check.tenant_id, "check.flagged", label)
    if endpoint_ids:
        data = describe_check(check, _find_human(session, check))
        _add_event(session, check.tenant_id, "check.flagged", data, endpoint_ids)


def announce_test(session: Session, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Tell one endpoint that it is an endpoint, whatever it listens to."""
    data = {"webhook_id": str(endpoint.id)}
    (delivery,) = _add_event(session, endpoint.tenant_id, TEST_EVENT_TYPE, data, [endpoint.id])
    return delivery


def _find_human(session: Session, check: Check) -> Review | None:
    return find_humans(session, check.tenant_id, [check]).get(check.id)


def _endpoints_for(
    session: Session, tenant_id: UUID, event_type: str, label: str | None
) -> Sequence[UUID]:
    return session.scalars(_listening(tenant_id, event_type, label)).all()


def _listening(
    tenant_id: UUID | SQLColumnExpression[UUID], event_type: str, label: str | None
) -> Select[UUID]:
    """Endpoints that take this type, and the verdict's label where there is one.

    The disabled too, so that what they missed can be replayed. Locked against removal: a delivery
    to an endpoint that goes now would undo the verdict.
    """
    wanted = (
        select(WebhookEndpoint.id)
        .where(
            WebhookEndpoint.tenant_id == tenant_id, WebhookEndpoint.events.contains([event_type])
        )
        .with_for_update(read=True, key_share=True)
    )
    if label is not None:
        takes_label = WebhookEndpoint.labels.contains([label])
        wanted = wanted.where(or_(WebhookEndpoint.labels.is_(None), takes_label))
    return wanted


def _add_event(
    session: Session,
    tenant_id: UUID,
    event_type: str,
    data: dict[str, Any],
    endpoint_ids: Sequence[UUID],
    *,
    traceparent: str | None = None,
) -> list[WebhookDelivery]:
    payload = {"type": event_type, "timestamp": _write_time(datetime.now(UTC)), "data": data}
    event = WebhookEvent(
        id=f"msg_{secrets.token_hex(16)}",
        tenant_id=tenant_id,
        type=event_type,
        payload=payload,
        traceparent=current_traceparent() or traceparent,
    )
    deliveries = [WebhookDelivery(event=event, endpoint_id=one) for one in endpoint_ids]
    session.add_all(deliveries)
    session.flush()
    return deliveries


def describe_check(check: Check, human: Review | None) -> dict[str, Any]:
    """A check as `GET /v1/checks/{id}` gives it, without the links that would be too old soon."""
    return {
        "id": str(check.id),
        "status": check.status,
        "url": check.url,
        "page_url": check.page_url,
        "created_at": _write_time(check.created_at),
        "finished_at": _write_time(check.finished_at) if check.finished_at else None,
        "image": {"sha256": check.image_sha256} if check.image_sha256 else None,
        "verdict": describe_verdict(check.verdict, human)
        if check.status == "done" and check.verdict
        else None,
        "error": {"code": check.error_code, "message": check.error_message}
        if check.error_code
        else None,
    }


def describe_verdict(verdict: Verdict, human: Review | None) -> dict[str, Any]:
    """What the check was told, and what people decided over it."""
    return {
        "label": verdict.label,
        "score": verdict.score,
        "raw_score": verdict.raw_score,
        "real_photo_p": verdict.real_photo_p,
        "evidence": verdict.evidence,
        "limits": verdict.limits,
        "model": {
            "version": verdict.model_version,
            "threshold_version": verdict.threshold_version,
        },
        "human": describe_human(human, verdict.label) if human else None,
    }


def describe_human(review: Review, label: str) -> dict[str, Any]:
    """What people decided on the picture."""
    assert review.outcome is not None
    assert review.decided_at is not None
    return {
        "says": review.outcome,
        "reason": review.outcome_reason,
        "decided_at": _write_time(review.decided_at),
        "review_id": str(review.id),
        "reverses_label": is_reversal(label, review.outcome),
    }


def _write_time(moment: datetime) -> str:
    """RFC 3339 in UTC, as the API writes moments."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
