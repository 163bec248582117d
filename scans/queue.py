"""The rows are the queue: workers claim, advance, put back and give up here.

A claim holds a lease and a fencing token; whoever lost the lease can no longer write. The broker
is not involved: a lost message costs time, never a check.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Update,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.orm import Session, aliased

from scans.errors import LeaseLost
from scans.tables import Check, Image
from scans.webhook_events import announce_failure, announce_verdict, listeners

Step = Literal["fetch", "detect"]
Answer = TypeVar("Answer")

# Which statuses wait for a step, and the status of a check that is in it. A check whose worker
# died keeps the step's status until its lease runs out, and is then claimed again.
WAITING_STATUSES: dict[Step, tuple[str, ...]] = {
    "fetch": ("queued", "fetching"),
    "detect": ("detecting",),
}
# How urgent a check is, and how much later each step less makes it due. So ten minutes of waiting
# outweigh one step, and nothing waits for ever behind what is more urgent.
URGENCIES = {"interactive": 0, "moderation": 1, "backfill": 2}
SECONDS_OF_URGENCY = 600
RUNNING_STATUS: dict[Step, str] = {"fetch": "fetching", "detect": "detecting"}

# Held for a claim by the detector: two claims at once would not see each other's pixels.
DETECT_CLAIM_LOCK = 0x4E5446

GAVE_UP = ("gave_up", "The check was tried several times and never finished. Please send it again.")


@dataclass(frozen=True, slots=True)
class Claim:
    """One check that this worker may work on until its lease ends.

    Attributes:
        others_are_near: whether some were being fetched at that moment, so that more of the
            detector's work may come soon; always false for the step `fetch`.
    """

    check_id: UUID
    lease_token: UUID
    attempt: int
    tenant_id: UUID
    url: str | None
    image_sha256: str | None
    request_id: str | None
    others_are_near: bool = False
    traceparent: str | None = None


def due_at(urgency: int) -> ColumnElement[datetime]:
    """When a check that is made now with this urgency is due: its place in the queue."""
    return func.now() + timedelta(seconds=SECONDS_OF_URGENCY * urgency)


def hurry(session: Session, check_ids: Sequence[UUID], urgency: int) -> None:
    """Move waiting checks forward to this urgency; one that is more urgent stays where it is.

    One that a worker is taking at this moment is passed over: it needs no hurry.
    """
    slower = (
        select(Check.id)
        .where(Check.id.in_(check_ids), Check.urgency > urgency)
        .with_for_update(skip_locked=True)
        .cte("slower")
    )
    session.execute(
        update(Check)
        .where(Check.id == slower.c.id)
        .values(urgency=urgency, due_at=func.least(Check.due_at, due_at(urgency)))
    )


def claim_checks(
    session: Session, step: Step, *, limit: int, lease_seconds: float, attempts_cap: int
) -> list[Claim]:
    """Take up to `limit` checks that wait for `step`, in the order in which they are due.

    Rows that another worker is taking at this moment are passed over (`SKIP LOCKED`). So are, for
    the detector, those whose pixels another worker is judging: their score is about to be known.
    """
    if step == "detect":
        session.execute(select(func.pg_advisory_xact_lock(DETECT_CLAIM_LOCK)))
    ready = (
        select(Check.id)
        .where(_is_waiting(step), Check.attempts < attempts_cap)
        .where(_are_pixels_free() if step == "detect" else true())
        .order_by(Check.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # A common table expression, so that PostgreSQL runs it once and locks no more than `limit`.
        .cte("ready")
    )
    token = uuid4()
    taken = session.execute(
        update(Check)
        .where(Check.id == ready.c.id)
        .values(
            status=RUNNING_STATUS[step],
            lease_token=token,
            lease_until=func.now() + timedelta(seconds=lease_seconds),
            attempts=Check.attempts + 1,
        )
        .returning(
            Check.id,
            Check.attempts,
            Check.tenant_id,
            Check.url,
            Check.image_sha256,
            Check.request_id,
            _is_any_fetched() if step == "detect" else literal(value=False),
            Check.traceparent,
        )
    )
    return [
        Claim(check_id, token, attempt, tenant_id, url, image_sha256, request_id, near, trace)
        for check_id, attempt, tenant_id, url, image_sha256, request_id, near, trace in taken
    ]


def advance_check(session: Session, claim: Claim, image: Insert) -> None:
    """The image is decoded: keep what was found, and hand the check over to the detector.

    Both in one statement, which locks the image's row before the check's, as an erasure does.

    Args:
        image: what keeps the image (`scans.checks.remember_decoded`).

    Raises:
        LeaseLost: another worker holds the check now; the caller's transaction must roll back.
    """
    kept = image.returning(Image.sha256).cte("kept")
    _write(
        session,
        claim,
        status="detecting",
        image_sha256=select(kept.c.sha256).scalar_subquery(),
        attempts=0,
        run_after=func.now(),
        fetched_at=func.now(),
    )


def finish_check(session: Session, claim: Claim, verdict: Insert, label: str) -> None:
    """Store the verdict and end the check, in one statement; webhooks tell of it.

    Args:
        verdict: what stores it. It must leave a verdict alone that is there: then another worker
            has ended the check, and this one is told so.

    Raises:
        LeaseLost: as for `advance_check`.
    """
    written = (
        _write_fenced(claim, status="done", finished_at=func.now())
        .add_cte(verdict.cte("said"))
        .returning(listeners(Check.tenant_id, "check.done", label))
    )
    announce_verdict(session, claim.check_id, _one_of(session.scalar(written), claim))


def fail_check(session: Session, claim: Claim, code: str, message: str) -> None:
    """The check has its answer, and the answer is an error; webhooks tell of it.

    Raises:
        LeaseLost: as for `advance_check`.
    """
    written = _write_fenced(
        claim,
        status="failed",
        error_code=code,
        error_message=message,
        finished_at=func.now(),
    ).returning(listeners(Check.tenant_id, "check.failed"))
    announce_failure(session, claim.check_id, _one_of(session.scalar(written), claim))


def put_back(
    session: Session, claim: Claim, step: Step, *, delay_seconds: float, is_try: bool = True
) -> None:
    """Let the check wait, then be claimed again for the same step.

    Args:
        is_try: whether what happened uses up one of the check's attempts.

    Raises:
        LeaseLost: as for `advance_check`.
    """
    _write(
        session,
        claim,
        status=WAITING_STATUSES[step][0],
        run_after=func.now() + timedelta(seconds=delay_seconds),
        attempts=Check.attempts - (0 if is_try else 1),
    )


def fail_exhausted(session: Session, attempts_cap: int) -> int:
    """End the checks whose workers died on them `attempts_cap` times. Returns how many."""
    ended = session.execute(
        update(Check)
        .where(
            or_(_is_waiting("fetch"), _is_waiting("detect")),
            Check.attempts >= attempts_cap,
        )
        .values(
            status="failed",
            error_code=GAVE_UP[0],
            error_message=GAVE_UP[1],
            finished_at=func.now(),
            lease_token=None,
            lease_until=None,
        )
        .returning(Check.id, listeners(Check.tenant_id, "check.failed"))
    ).all()
    for check_id, listening in ended:
        announce_failure(session, check_id, listening)
    return len(ended)


def _is_waiting(step: Step) -> ColumnElement[bool]:
    return and_(
        Check.status.in_(WAITING_STATUSES[step]),
        Check.run_after <= func.now(),
        or_(Check.lease_until.is_(None), Check.lease_until < func.now()),
    )


def _are_pixels_free() -> ColumnElement[bool]:
    held = (
        select(Image.pixels_sha256)
        .join(Check, Check.image_sha256 == Image.sha256)
        .where(Check.status == "detecting", Check.lease_until >= func.now())
        .where(Image.pixels_sha256.is_not(None))
    )
    ours = select(Image.sha256).where(Image.pixels_sha256.in_(held))
    return Check.image_sha256.not_in(ours)


def _is_any_fetched() -> ColumnElement[bool]:
    other = aliased(Check)
    # Written out, so that a plan for any value still finds the index of open checks.
    fetching = literal(RUNNING_STATUS["fetch"], literal_execute=True)
    return exists().where(other.status == fetching, other.lease_until >= func.now())


def _write(session: Session, claim: Claim, **values: object) -> None:
    """Write, give the check back, and see that it was ours to write."""
    written = _write_fenced(claim, **values).returning(Check.id)
    _one_of(session.scalar(written), claim)


def _write_fenced(claim: Claim, **values: object) -> Update:
    """Writes only while the lease is ours: the token fences off whoever lost it."""
    return (
        update(Check)
        .where(Check.id == claim.check_id, Check.lease_token == claim.lease_token)
        .values(lease_token=None, lease_until=None, **values)
        # Nothing that the session has loaded is looked at again.
        .execution_options(synchronize_session=False)
    )


def _one_of(written: Answer | None, claim: Claim) -> Answer:
    """What the fenced statement gave back, if it wrote."""
    if written is None:
        raise LeaseLost(f"check {claim.check_id} is held by another worker")
    return written
