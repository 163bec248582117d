"""Batches: many addresses in one call, and how far their checks are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, not_, select
from sqlalchemy.orm import Session

from scans.checks import WantedCheck, subject_of_url
from scans.errors import UrlNotCanonical
from scans.image_url import canonical_url
from scans.many_checks import create_or_get_many
from scans.request_tables import Batch, BatchItem
from scans.tables import OPEN_STATUSES, Check


@dataclass(frozen=True, slots=True)
class WantedUrl:
    """One address of a batch, as it was sent."""

    url: str
    page_url: str | None = None


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """A batch with its items, in the order in which they were sent."""

    batch: Batch
    items: Sequence[BatchItem]

    def count_by_status(self) -> dict[str, int]:
        """How many items stand at each status; `refused` have no check."""
        return Counter(item.check.status if item.check else "refused" for item in self.items)


def create_batch(
    session: Session,
    tenant_id: UUID,
    wanted: Sequence[WantedUrl],
    *,
    urgency: int,
    fresh_seconds: float,
    request_id: str | None = None,
) -> BatchProgress:
    """Make the batch and a check for each of its addresses, in the caller's transaction.

    An address that cannot be fetched is refused by itself, with its reason.
    """
    batch = Batch(tenant_id=tenant_id, urgency=urgency)
    session.add(batch)
    session.flush()
    asked = [_read_url(one, tenant_id, urgency, request_id) for one in wanted]
    checks = create_or_get_many(
        session, [one for one in asked if isinstance(one, WantedCheck)], fresh_seconds=fresh_seconds
    )
    rows = [
        {"batch_id": batch.id, "position": position, "url": one.url, **_outcome(answer, checks)}
        for position, (one, answer) in enumerate(zip(wanted, asked, strict=True))
    ]
    session.execute(insert(BatchItem), rows)
    return BatchProgress(batch, _read_items(session, batch.id))


def find_batch(session: Session, tenant_id: UUID, batch_id: UUID) -> BatchProgress | None:
    """A batch as it stands now, if it is this tenant's."""
    batch = session.scalar(select(Batch).where(Batch.id == batch_id, Batch.tenant_id == tenant_id))
    return BatchProgress(batch, _read_items(session, batch.id)) if batch else None


def forget_old_batches(session: Session, keep_days: int, *, limit: int) -> int:
    """Remove batches that are so old and whose checks have all ended. Returns how many.

    The checks stay; that they were asked for together is forgotten, and each address as it was
    sent.
    """
    is_open = exists().where(
        BatchItem.batch_id == Batch.id,
        Check.id == BatchItem.check_id,
        Check.status.in_(OPEN_STATUSES),
    )
    old = (
        select(Batch.id)
        .where(Batch.created_at < func.now() - timedelta(days=keep_days), not_(is_open))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    batch_ids = session.scalars(old).all()
    session.execute(delete(BatchItem).where(BatchItem.batch_id.in_(batch_ids)))
    session.execute(delete(Batch).where(Batch.id.in_(batch_ids)))
    return len(batch_ids)


def _read_items(session: Session, batch_id: UUID) -> Sequence[BatchItem]:
    return session.scalars(
        select(BatchItem).where(BatchItem.batch_id == batch_id).order_by(BatchItem.position)
    ).all()


def _read_url(
    one: WantedUrl, tenant_id: UUID, urgency: int, request_id: str | None
) -> WantedCheck | UrlNotCanonical:
    try:
        address = canonical_url(one.url)
    except UrlNotCanonical as error:
        return error
    return WantedCheck(
        tenant_id,
        subject_of_url(address),
        url=address,
        page_url=one.page_url,
        request_id=request_id,
        urgency=urgency,
    )


def _outcome(answer: WantedCheck | UrlNotCanonical, checks: dict[str, UUID]) -> dict[str, object]:
    if isinstance(answer, WantedCheck):
        return {"check_id": checks[answer.subject], "error_code": None, "error_message": None}
    return {"check_id": None, "error_code": answer.code, "error_message": str(answer)}
