"""The Celery tasks: a name, and one call. Only here does `retryable` become another try.

A message says "look"; which check is worked on is decided by the rows (`scans/queue.py`). A task
works on what it claims and, when it found something, asks for the next look: so a worker that is
told to stop is never more than one check away from a clean end. The sweep looks without a message.
"""

from collections.abc import Callable

import structlog
from celery.concurrency.prefork import TaskPool as ForkingPool
from celery.signals import (
    celeryd_after_setup,
    worker_process_init,
    worker_process_shutdown,
    worker_shutdown,
    worker_shutting_down,
)
from celery.worker import WorkController

from images.errors import HostBusy, ImageError
from images.provenance.trust_list import TrustListInvalid
from ntf.errors import NtfError
from scans.errors import ImageNotStored, LeaseLost, ScanError
from scans.host_turns import forget_past_turns
from scans.idempotent_answers import forget_old_answers
from scans.queue import (
    Claim,
    Step,
    claim_checks,
    fail_check,
    fail_exhausted,
    put_back,
)
from scans.wake import TASK_NAMES
from worker import tools
from worker.celery_app import app, settings
from worker.fetch_image import fetch_image
from worker.judge_images import judge_image
from worker.sweeper import Sweeper

log = structlog.get_logger()


@app.task(name=TASK_NAMES["fetch"])
def fetch() -> bool:
    """Fetch and decode one waiting check, then wake the detector. Returns whether there was one."""
    found = work_on("fetch", 1, lambda claim: fetch_image(claim, tools.fetch_tools()))
    if found:
        tools.waker().wake("detect")
    return found


@app.task(name=TASK_NAMES["detect"])
def detect() -> bool:
    """Judge a few waiting checks. Returns whether there were any."""
    batch = settings.detect_batch_images
    return work_on("detect", batch, lambda claim: judge_image(claim, tools.judge_tools()))


def sweep() -> bool:
    """End what has been tried too often, then work on what waits for one of our queues.

    Returns whether there was anything to work on.
    """
    with tools.sessions().begin() as session:
        ended = fail_exhausted(session, settings.attempts_cap)
        forget_past_turns(session)
        forget_old_answers(session)
    if ended:
        log.warning("checks_gave_up", count=ended)
    ours = app.amqp.queues.consume_from
    # The later step first: a check that was begun is ended before the next is begun.
    return any(task() for step, task in (("detect", detect), ("fetch", fetch)) if step in ours)


sweeper = Sweeper(sweep, settings.sweep_interval_seconds)


@celeryd_after_setup.connect
def sweep_beside_the_pool(instance: WorkController, **_: object) -> None:
    """Sweep from the start on, before there is a connection to the broker."""
    # What a forking worker's first process opens would be shared by its children.
    if not issubclass(instance.pool_cls, ForkingPool):
        sweeper.start()


@celeryd_after_setup.connect
def refuse_a_wrong_trust_list(**_: object) -> None:
    """End a fetching worker that was given a trust list which is none, before it takes a check."""
    if "fetch" in app.amqp.queues.consume_from:
        try:
            tools.trust_list()
        except TrustListInvalid as error:
            # Only what is no `Exception` gets out of a signal's receiver.
            raise SystemExit(f"NTF_C2PA_TRUST_LIST_PATH: {error}") from error


@worker_process_init.connect
def sweep_in_a_child(**_: object) -> None:
    """Sweep in each process of a forking pool."""
    sweeper.start()


@worker_shutting_down.connect
def claim_no_more(**_: object) -> None:
    """Let the sweep end while the tasks do."""
    sweeper.ask_to_stop()


@worker_shutdown.connect
@worker_process_shutdown.connect
def end_the_sweep(**_: object) -> None:
    """Wait for the check that the sweep works on."""
    sweeper.stop()


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
    except HostBusy as busy:
        log.info("host_busy", after_seconds=busy.after_seconds)
        with tools.sessions().begin() as session:
            put_back(session, claim, step, delay_seconds=busy.after_seconds, is_try=False)
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
