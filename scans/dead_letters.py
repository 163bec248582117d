"""What ended badly, for the operator: listed with its reason, and sent on its way again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scans.errors import CheckNotReplayed
from scans.integration_tables import Errand
from scans.tables import Check, WebhookDelivery


def list_failed_checks(session: Session, code: str | None, limit: int) -> Sequence[Check]:
    """Failed checks, the newest first; of one error code, or all."""
    query = select(Check).where(Check.status == "failed", Check.erased_at.is_(None))
    if code is not None:
        query = query.where(Check.error_code == code)
    return session.scalars(query.order_by(Check.finished_at.desc()).limit(limit)).all()


def list_dead_deliveries(
    session: Session, error: str | None, limit: int
) -> Sequence[WebhookDelivery]:
    """Deliveries that were given up, the newest first; for one reason, or all."""
    query = select(WebhookDelivery).where(WebhookDelivery.dead_at.is_not(None))
    if error is not None:
        query = query.where(WebhookDelivery.last_error == error)
    return session.scalars(query.order_by(WebhookDelivery.dead_at.desc()).limit(limit)).all()


def list_dead_errands(session: Session, error: str | None, limit: int) -> Sequence[Errand]:
    """Errands that were given up, the newest first; for one reason, or all."""
    query = select(Errand).where(Errand.dead_at.is_not(None))
    if error is not None:
        query = query.where(Errand.last_error == error)
    return session.scalars(query.order_by(Errand.dead_at.desc()).limit(limit)).all()


def replay_check(session: Session, check_id: UUID) -> None:
    """Queue a failed check again, from its first step and with all its tries.

    Raises:
        CheckNotReplayed: no failed check has this id, or its image is being checked already.
    """
    again = (
        update(Check)
        .where(Check.id == check_id, Check.status == "failed", Check.erased_at.is_(None))
        .values(
            status="queued",
            attempts=0,
            run_after=func.now(),
            error_code=None,
            error_message=None,
            finished_at=None,
        )
        .returning(Check.id)
    )
    try:
        with session.begin_nested():
            replayed = session.scalar(again)
    except IntegrityError as error:
        raise CheckNotReplayed("Its image is being checked already.") from error
    if replayed is None:
        raise CheckNotReplayed("No failed check has this id.")
