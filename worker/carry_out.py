"""One delivery or one errand that is due: claimed, carried out, and put into its trace."""

from functools import partial

import structlog

from scans.errands import claim_errand
from scans.errors import LeaseLost
from scans.webhook_deliveries import claim_delivery
from worker import tools
from worker.celery_app import settings
from worker.deliver_webhook import deliver_webhook
from worker.run_errand import run_errand

# What a worker may need beyond the timeout of the request itself: then another may try.
DELIVERY_MARGIN_SECONDS = 30.0
CALLS_OF_ERRAND = 6

log = structlog.get_logger()


def deliver_one() -> bool:
    """Make one delivery that is due. Returns whether there was one."""
    lease_seconds = settings.webhook_timeout_seconds + DELIVERY_MARGIN_SECONDS
    claim = tools.reads().ask(partial(claim_delivery, lease_seconds=lease_seconds))
    if claim is None:
        return False
    with (
        structlog.contextvars.bound_contextvars(
            delivery_id=str(claim.delivery_id), webhook_id=str(claim.endpoint_id)
        ),
        tools.traces().span(
            "deliver",
            "consumer",
            parent=claim.traceparent,
            delivery_id=str(claim.delivery_id),
            attempt=claim.attempt,
        ),
    ):
        try:
            deliver_webhook(claim, tools.deliver_tools())
        except LeaseLost:
            log.info("lease_lost")
    return True


def run_one_errand() -> bool:
    """Run one errand that is due. Returns whether there was one."""
    claim = tools.reads().ask(partial(claim_errand, lease_seconds=errand_lease_seconds()))
    if claim is None:
        return False
    with (
        structlog.contextvars.bound_contextvars(errand_id=str(claim.errand_id), kind=claim.kind),
        tools.traces().span(
            "run errand",
            "consumer",
            parent=claim.traceparent,
            errand_id=str(claim.errand_id),
            system=claim.kind,
            attempt=claim.attempt,
        ),
    ):
        try:
            run_errand(claim, tools.errand_tools())
        except LeaseLost:
            log.info("lease_lost")
    return True


def errand_lease_seconds() -> float:
    """An errand makes several calls, one after the other."""
    return CALLS_OF_ERRAND * settings.webhook_timeout_seconds + DELIVERY_MARGIN_SECONDS
