"""What goes by age, a part at a time: files of images, batches, what webhooks and errands told."""

import structlog

from scans.batches import forget_old_batches
from scans.erasure import remove_old_files
from scans.errands import forget_ended_errands
from scans.webhook_deliveries import forget_ended
from worker import tools
from worker.celery_app import settings

BATCH_IMAGES, BATCH_DELIVERIES = 20, 1000

log = structlog.get_logger()


def remove_old_images() -> bool:
    """Remove the files of a few images that are too old, and batches of addresses as old.

    Returns whether there were any.
    """
    days = settings.keep_images_days
    assert days
    with tools.sessions().begin() as session:
        count = remove_old_files(session, tools.store(), days, limit=BATCH_IMAGES)
    with tools.sessions().begin() as session:
        batches = forget_old_batches(session, days, limit=BATCH_IMAGES)
    if count or batches:
        log.info("images_aged_out", count=count, batches=batches)
    return count + batches > 0


def forget_old_events() -> bool:
    """Remove what webhooks told and errands did long ago, a part at a time.

    Returns whether there was any.
    """
    days = settings.keep_webhook_events_days
    with tools.sessions().begin() as session:
        count = forget_ended(session, days, limit=BATCH_DELIVERIES)
        count += forget_ended_errands(session, days, limit=BATCH_DELIVERIES)
    if count:
        log.info("webhook_events_aged_out", count=count)
    return count > 0
