"""Batches to the bodies that the API gives."""

from api.batch_schemas import BatchBody, BatchCounts, BatchItemBody, BatchWithItemsBody
from api.schemas import CheckErrorBody
from scans.batches import BatchProgress
from scans.queue import URGENCIES
from scans.request_tables import BatchItem
from scans.tables import OPEN_STATUSES

URGENCY_WORDS = {number: word for word, number in URGENCIES.items()}


def render_batch(progress: BatchProgress) -> BatchBody:
    """How far it is."""
    counts = progress.count_by_status()
    return BatchBody(
        id=progress.batch.id,
        urgency=URGENCY_WORDS[progress.batch.urgency],
        created_at=progress.batch.created_at,
        has_ended=not any(counts.get(status) for status in OPEN_STATUSES),
        counts=BatchCounts(total=len(progress.items), **counts),
    )


def render_batch_with_items(progress: BatchProgress) -> BatchWithItemsBody:
    """How far it is, and each address."""
    items = [render_item(item) for item in progress.items]
    return BatchWithItemsBody(**render_batch(progress).model_dump(), items=items)


def render_item(item: BatchItem) -> BatchItemBody:
    """One address; what went wrong is the check's error, or why there is no check."""
    source = item.check or item
    error = (
        CheckErrorBody(code=source.error_code, message=source.error_message or "")
        if source.error_code
        else None
    )
    return BatchItemBody(
        url=item.url,
        check_id=item.check_id,
        status=item.check.status if item.check else None,
        label=item.check.verdict.label if item.check and item.check.verdict else None,
        error=error,
    )
