"""The Celery tasks: a name, and one call. Only here does `retryable` become another try.

A message says "look"; which check is worked on is decided by the rows (`scans/queue.py`). A task
works on what it claims and, when it found something, asks for the next look: so a worker that is
told to stop is never more than one check away from a clean end. The sweep looks without a message.
"""

import time
from collections.abc import Callable
from functools import partial

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
from sqlalchemy.exc import SQLAlchemyError

from images.errors import HostBusy, ImageError
from ntf.errors import NtfError
from scans.ended_sessions import forget_ended_sessions
from scans.errors import ImageNotStored, ImageStoreFull, ImageStoreUnavailable, LeaseLost, ScanError
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
from scans.traces import note_failure
from scans.wake import ADVANCE_TASK, DRIFT_TASK, RETRAIN_TASK, TASK_NAMES
from worker import tools
from worker.advance_models import advance_models
from worker.carry_out import deliver_one, run_one_errand
from worker.celery_app import app, settings
from worker.fetch_image import fetch_image
from worker.judge_images import Looked, judge_image, look_at_images
from worker.lease_watchdog import LeaseWatchdog
from worker.outlast import outlast_database
from worker.retention import forget_old_events, remove_old_images
from worker.retrain import retrain as learn_from_labels
from worker.shadow_canary import judge_in_shadow
from worker.sweeper import Sweeper
from worker.turnstile import Turnstile
from worker.watch_drift import watch_drift

log = structlog.get_logger()
RETENTION_INTERVAL_SECONDS = 600.0
# Until someone makes room, hosts should not be asked every few seconds.
DELAYS_WHILE_FULL = 12


detecting = Turnstile()
# Twice the lease: by then another has the check, and no honest step takes so long.
watchdog = LeaseWatchdog(2 * settings.lease_seconds)


@app.task(name=TASK_NAMES["fetch"])
def fetch() -> bool:
    """Fetch and decode one waiting check, then wake the detector. Returns whether there was one."""
    claims = claim_some("fetch", 1)
    with watchdog.watch():
        settle_each("fetch", claims, lambda claim: fetch_image(claim, tools.fetch_tools()))
    if claims:
        tools.waker().wake("detect")
        tools.waker().wake("fetch")
    return bool(claims)


@app.task(name=TASK_NAMES["detect"])
def detect() -> bool:
    """Judge a few waiting checks. Returns whether there were any."""
    return detecting.pass_through(detect_batch)


def detect_batch() -> bool:
    """Claim a batch, run the detector over it at once, answer each check by itself."""
    claims = gather_batch()
    if claims:
        with watchdog.watch():
            began_ns = time.time_ns()
            looked = look(claims)
            settle_each("detect", claims, judge_by(looked), began_ns=began_ns)
        tools.waker().wake("detect")
        tools.waker().wake("deliver")
        if isinstance(looked, Looked):
            with watchdog.watch():
                shadow(looked)
    return bool(claims)


def gather_batch() -> list[Claim]:
    """Up to a batch of waiting checks; a moment is given to those that are about to come."""
    batch = settings.detect_batch_images
    claims = claim_some("detect", batch)
    if len(claims) < batch and any(claim.others_are_near for claim in claims):
        time.sleep(settings.detect_batch_wait_seconds)
        claims += claim_some("detect", batch - len(claims))
    return claims


def look(claims: list[Claim]) -> Looked | NtfError | ImageStoreUnavailable:
    """Look at all of them now, with the detector that is live at this moment."""
    try:
        tools.store().ensure_room()
        looked = look_at_images(claims, tools.judge_tools())
    except (NtfError, ImageStoreUnavailable) as error:
        return error
    log.info("batch_looked_at", checks=len(claims), pixels_sha256=list(looked.found))
    return looked


def judge_by(looked: Looked | NtfError | ImageStoreUnavailable) -> Callable[[Claim], None]:
    """What to do with each check of a batch that was looked at."""
    if isinstance(looked, Exception):
        return partial(refuse, looked)
    return lambda claim: outlast_database(lambda: judge_image(claim, looked, tools.judge_tools()))


def shadow(looked: Looked) -> None:
    """Let the canary judge a share of the batch, when its checks have their answers."""
    try:
        canary = tools.model_keeper().canary()
        if canary is not None:
            judge_in_shadow(looked, canary, settings.canary_share, tools.sessions())
    except (NtfError, SQLAlchemyError) as error:
        # Whatever befalls the canary, the checks have their answers.
        log.warning("shadow_failed", reason=str(error))


def refuse(error: NtfError | ImageStoreUnavailable, _: Claim) -> None:
    """Give each check of a batch the error that ended the look at all of them."""
    raise error


@app.task(name=TASK_NAMES["deliver"])
def deliver() -> bool:
    """Make one delivery and run one errand that are due. Returns whether there was either."""
    # Both, so that neither kind can starve the other.
    found = [deliver_one(), run_one_errand()]
    if any(found):
        tools.waker().wake("deliver")
    return any(found)


@app.task(name=RETRAIN_TASK)
def retrain(is_asked_for: bool = False) -> str:
    """Learn from new labels, if there are enough of them or someone asks. Returns the outcome."""
    try:
        outcome = learn_from_labels(tools.retrain_tools(), is_asked_for=is_asked_for)
    except (NtfError, ScanError) as error:
        log.warning("retraining_failed", code=error.code, reason=str(error))
        return error.code
    log.info("retraining_ended", outcome=outcome)
    return outcome


@app.task(name=ADVANCE_TASK)
def advance() -> str:
    """Let the canary go live when the shadow has shown enough."""
    outcome = advance_models(
        tools.sessions(),
        min_images=settings.canary_min_images,
        max_reversals=settings.canary_max_reversals,
    )
    log.info("canary_weighed", outcome=outcome)
    return outcome


@app.task(name=DRIFT_TASK)
def watch() -> int:
    """Measure drift. Returns how many tenants' weeks were measured."""
    try:
        return watch_drift(tools.retrain_tools())
    except (NtfError, ScanError) as error:
        log.info("drift_not_measured", code=error.code, reason=str(error))
        return 0


def sweep() -> bool:
    """End what has been tried too often, then work on what waits for one of our queues.

    Returns whether there was anything to work on.
    """
    with tools.sessions().begin() as session:
        ended = fail_exhausted(session, settings.attempts_cap)
        forget_past_turns(session)
        if "detect" in app.amqp.queues.consume_from:  # those that fetch alone may not look there
            forget_old_answers(session)
            forget_ended_sessions(session)
    if ended:
        log.warning("checks_gave_up", count=ended)
    ours = app.amqp.queues.consume_from
    # In turns, so that a receiver which hangs holds up no check; the later step first: a check that
    # was begun is ended before the next is begun.
    steps = (("deliver", deliver), ("detect", detect), ("fetch", fetch))
    found = [task() for step, task in steps if step in ours]
    return any(found)


sweeper = Sweeper(sweep, settings.sweep_interval_seconds)
retention = Sweeper(remove_old_images, RETENTION_INTERVAL_SECONDS)
event_retention = Sweeper(forget_old_events, RETENTION_INTERVAL_SECONDS)


def start_sweeps() -> None:
    """Sweep from now on; and remove by age where things have an age.

    Images by those that detect, since they fetch nothing strange; what webhooks told by those that
    deliver.
    """
    sweeper.start()
    if settings.keep_images_days and "detect" in app.amqp.queues.consume_from:
        retention.start()
    if "deliver" in app.amqp.queues.consume_from:
        event_retention.start()


@celeryd_after_setup.connect
def sweep_beside_the_pool(instance: WorkController, **_: object) -> None:
    """Sweep from the start on, before there is a connection to the broker."""
    # What a forking worker's first process opens would be shared by its children, and what a thread
    # of it does at the moment of a fork stays half done in them.
    if not issubclass(instance.pool_cls, ForkingPool):
        start_sweeps()


@worker_process_init.connect
def sweep_in_a_child(**_: object) -> None:
    """Sweep in each process of a forking pool."""
    start_sweeps()


@worker_shutting_down.connect
def claim_no_more(**_: object) -> None:
    """Let the sweep end while the tasks do."""
    sweeper.ask_to_stop()
    retention.ask_to_stop()
    event_retention.ask_to_stop()


@worker_shutdown.connect
@worker_process_shutdown.connect
def end_the_sweep(**_: object) -> None:
    """Wait for the check that the sweep works on, and send what is left of its trace.

    A child of a forking pool ends without what other processes do at their exit.
    """
    sweeper.stop()
    tools.traces().end()


def claim_some(step: Step, limit: int) -> list[Claim]:
    """Take up to `limit` checks that wait for this step."""
    claim = partial(
        claim_checks,
        step=step,
        limit=limit,
        lease_seconds=settings.lease_seconds,
        attempts_cap=settings.attempts_cap,
    )
    if step == "fetch":
        return tools.reads().ask(claim)
    with tools.sessions().begin() as session:  # it holds a lock until its claim is seen by all
        return claim(session)


def settle_each(
    step: Step,
    claims: list[Claim],
    work: Callable[[Claim], None],
    *,
    began_ns: int | None = None,
) -> None:
    """Work on each check by itself: whatever happens to one, the next gets its turn.

    Args:
        began_ns: when work on all of them together began, for their traces; None: it did not.
    """
    for claim in claims:
        with (
            structlog.contextvars.bound_contextvars(
                check_id=str(claim.check_id), request_id=claim.request_id, step=step
            ),
            tools.traces().span(
                step,
                "consumer",
                parent=claim.traceparent,
                began_ns=began_ns,
                check_id=str(claim.check_id),
                request_id=claim.request_id,
                attempt=claim.attempt,
                checks_at_once=len(claims),
            ),
        ):
            try:
                settle(step, claim, work)
            except Exception:
                # A fault of ours or a database that is away: the lease ends, and it is tried again.
                note_failure("step_broke")
                log.exception("step_broke", attempt=claim.attempt)


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
    except ImageStoreUnavailable as away:
        # It is not the check's fault, and may last for hours: no try of it is used up.
        note_failure(away.code)
        times = DELAYS_WHILE_FULL if isinstance(away, ImageStoreFull) else 1
        delay = times * settings.retry_delay_seconds
        log.warning(away.code, after_seconds=delay, reason=str(away))
        with tools.sessions().begin() as session:
            put_back(session, claim, step, delay_seconds=delay, is_try=False)
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
    note_failure(error.code)
    log.info("step_failed", code=error.code, reason=str(error), attempt=claim.attempt)
    is_last = claim.attempt >= settings.attempts_cap
    will_retry = error.retryable and not is_last
    with tools.sessions().begin() as session:
        if will_retry:
            delay = settings.retry_delay_seconds * 2 ** (claim.attempt - 1)
            put_back(session, claim, step, delay_seconds=delay)
        else:
            fail_check(session, claim, error.code, str(error))
    if not will_retry:
        tools.waker().wake("deliver")
