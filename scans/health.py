"""Figures of the queue, from the rows: what waits, how long steps take, what fails.

They are right after a restart and on any number of machines, because no process keeps them.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Float, and_, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from scans.queue import URGENCIES, WAITING_STATUSES, Step
from scans.tables import OPEN_STATUSES, Check

QUANTILES = (0.5, 0.95, 0.99)
# Long enough to hold some checks of a quiet service, short enough to show what is wrong now.
DURATIONS_OF_SECONDS, FAILURES_OF_SECONDS = 900, 86_400


@dataclass(frozen=True, slots=True)
class StageDurations:
    """How long one stage took for the checks that ended lately, its waiting included.

    Attributes:
        stage: `fetch` (taken until decoded), `detect` (until the verdict), `all`.
        seconds: by quantile 0..1. Empty where no check ended.
    """

    stage: str
    seconds: dict[float, float]


def count_waiting(session: Session) -> dict[Step, int]:
    """Checks that wait for a step and that no worker holds."""
    return {
        step: session.scalar(
            select(func.count())
            .select_from(Check)
            .where(Check.status.in_(statuses), Check.lease_until.is_(None))
        )
        or 0
        for step, statuses in WAITING_STATUSES.items()
    }


def age_of_oldest_seconds(session: Session) -> float:
    """Age of the oldest check that has not ended; 0 where there is none."""
    age = func.extract("epoch", func.now() - func.min(Check.created_at))
    return float(session.scalar(select(age).where(Check.status.in_(OPEN_STATUSES))) or 0)


def ages_of_waiting_seconds(session: Session) -> dict[tuple[Step, str], float]:
    """For how long the first check of each urgency has waited for each step; 0 where none waits.

    Workers are added by this and not by number: a thousand checks that can wait are no reason.
    """
    since = func.least(func.now(), func.min(func.coalesce(Check.fetched_at, Check.created_at)))
    rows = session.execute(
        select(Check.status, Check.urgency, func.extract("epoch", func.now() - since))
        .where(Check.status.in_(OPEN_STATUSES), Check.lease_until.is_(None))
        .group_by(Check.status, Check.urgency)
    ).all()
    words = {number: word for word, number in URGENCIES.items()}
    ages = {(step, word): 0.0 for step in WAITING_STATUSES for word in URGENCIES}
    for step, statuses in WAITING_STATUSES.items():
        for status, urgency, age in rows:
            if status in statuses:
                key = (step, words[urgency])
                ages[key] = max(ages[key], float(age))
    return ages


def count_expired_leases(session: Session) -> int:
    """Open checks whose worker died or hung, and that no other has taken yet."""
    query = select(func.count()).select_from(Check)
    query = query.where(Check.status.in_(OPEN_STATUSES), Check.lease_until < func.now())
    return session.scalar(query) or 0


def count_failures(session: Session) -> dict[str, int]:
    """Checks of the last day that ended with an error, by its code."""
    rows = session.execute(
        select(Check.error_code, func.count())
        .where(Check.status == "failed", _ended_within(FAILURES_OF_SECONDS))
        .group_by(Check.error_code)
    )
    return {code or "unknown": count for code, count in rows}


def measure_stages(session: Session) -> list[StageDurations]:
    """How long the stages of the checks took that ended in the last quarter of an hour."""
    stages = {
        "fetch": (Check.created_at, Check.fetched_at),
        "detect": (Check.fetched_at, Check.finished_at),
        "all": (Check.created_at, Check.finished_at),
    }
    return [
        StageDurations(stage, _quantiles(session, begin, end))
        for stage, (begin, end) in stages.items()
    ]


def _quantiles(
    session: Session, begin: InstrumentedAttribute[object], end: InstrumentedAttribute[object]
) -> dict[float, float]:
    seconds = cast(func.extract("epoch", end - begin), Float)
    columns = [func.percentile_cont(part).within_group(seconds) for part in QUANTILES]
    found = session.execute(
        select(*columns).where(
            and_(Check.status == "done", end.is_not(None), begin.is_not(None)),
            _ended_within(DURATIONS_OF_SECONDS),
        )
    ).one()
    return {
        part: float(value)
        for part, value in zip(QUANTILES, found, strict=True)
        if value is not None
    }


def _ended_within(seconds: float) -> ColumnElement[bool]:
    return Check.finished_at > func.now() - timedelta(seconds=seconds)
