"""The Celery tasks: a name, and one call. Only here does `retryable` become another try.

A message says "look"; which check is worked on is decided by the rows (`scans/queue.py`). A task
works on what it claims and, when it found something, asks for the next look: so a worker that is
told to stop is never more than one check away from a clean end.
"""

from collections.abc import Callable

import structlog
from celery.signals import worker_ready

from images.errors import ImageError
from ntf.errors import NtfError
from scans.errors import ImageNotStored, LeaseLost, ScanError
from scans.queue import (
    Claim,
    Step,
    claim_checks,
    fail_check,
    fail_exhausted,
    find_waiting_steps,
    put_back,
)
from scans.wake import TASK_NAMES
from worker import tools
from worker.celery_app import app, settings
from worker.fetch_image import fetch_image
from worker.judge_images import judge_image

log = structlog.get_logger()


@app.task(name=TASK_NAMES["fetch"])
def fetch() -> None:
    """Fetch and decode one waiting check, then wake the detector."""
    if work_on("fetch", 1, lambda claim: fetch_image(claim, tools.fetch_tools())):
        tools.waker().wake("detect")


@app.task(name=TASK_NAMES["detect"])
def detect() -> None:
    """Judge a few waiting checks."""
    batch = settings.detect_batch_images
    work_on("detect", batch, lambda claim: judge_image(claim, tools.judge_tools()))


@app.task(name="worker.sweep")
def sweep() -> None:
    """End what has been tried too often, and wake workers for whatever waits."""
    with tools.sessions().begin() as session:
        ended = fail_exhausted(session, settings.attempts_cap)
        waiting = find_waiting_steps(session)
    if ended:
        log.warning("checks_gave_up", count=ended)
    for step in waiting:
        tools.waker().wake(step)


@worker_ready.connect
def look_at_once(**_: object) -> None:
    """Do not make checks that waited for this worker wait for the next sweep too."""
    sweep.run()


def work_on(step: Step, limit: int, work: Callable[[Claim], None]) -> bool:
    """Claim up to `limit` checks and work on each by itself. Returns whether there were any."""
    with tools.sessions().begin() as session:
        claims = claim_checks(
            session,
            step,
            limit=limit,
            lease_seconds=settings.lease_seconds,
            attempts_cap=settings.attempts_cap,
        )
    for claim in claims:
        with structlog.contextvars.bound_contextvars(check_id=str(claim.check_id), step=step):
            settle(step, claim, work)
    if claims:
        tools.waker().wake(step)
    return bool(claims)


def settle(step: Step, claim: Claim, work: Callable[[Claim], None]) -> None:
    """Work on one check; an error becomes another try, or the check's answer."""
    try:
        work(claim)
    except LeaseLost:
        log.info("lease_lost")
    except ImageNotStored as error:
        settle_missing_pixels(step, claim, error)
    except (ImageError, NtfError, ScanError) as error:
        settle_error(step, claim, error)
    else:
        log.info("step_done", attempt=claim.attempt)


def settle_missing_pixels(step: Step, claim: Claim, error: ImageNotStored) -> None:
    """Decode again what the detector did not find; lost uploads cannot be had again."""
    if step == "fetch":
        settle_error(step, claim, error)
        return
    with tools.sessions().begin() as session:
        put_back(session, claim, "fetch", delay_seconds=0)
    tools.waker().wake("fetch")


def settle_error(step: Step, claim: Claim, error: ImageError | NtfError | ScanError) -> None:
    """Another try while there are any, if one can help; else the error is the answer."""
    log.info("step_failed", code=error.code, reason=str(error), attempt=claim.attempt)
    is_last = claim.attempt >= settings.attempts_cap
    with tools.sessions().begin() as session:
        if error.retryable and not is_last:
            delay = settings.retry_delay_seconds * 2 ** (claim.attempt - 1)
            put_back(session, claim, step, delay_seconds=delay)
        else:
            fail_check(session, claim, error.code, str(error))
