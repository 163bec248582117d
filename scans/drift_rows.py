"""Drift in rows: this week's and last week's verdicts, measured and kept for page and metric."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from sqlalchemy import Date, cast, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.drift_rules import (
    BINS,
    MARTINGALE_ALARM,
    MIN_IMAGES,
    PSI_ALARM,
    histogram,
    martingale,
    stability_index,
)
from scans.model_tables import DriftFigure
from scans.review_rules import CONFIDENT_LABELS, is_reversal
from scans.review_tables import Review
from scans.tables import Check, Verdict

EXAMPLES = 5
# Of one tenant's week, the newest: enough for every figure.
MAX_IMAGES = 20_000
FLAT = [1000] * BINS
A_WEEK = text("interval '1 week'")


@dataclass(frozen=True, slots=True)
class Judged:
    """One verdict, as far as drift asks."""

    check_id: UUID
    label: str
    raw_score: float
    real_photo_p: float
    outcome: str | None


def measure_drift(session: Session, version: str, calibration_scores: Sequence[float]) -> int:
    """Measure this week and the last for every tenant. Returns how many figures were written.

    Args:
        version: the model. calibration_scores: its scores on its calibration images; may be empty.
    """
    expected = histogram(calibration_scores) if calibration_scores else None
    written = 0
    for tenant_id, week, judged in _read_weeks(session, version):
        figure = describe_week(judged, expected)
        values = {"tenant_id": tenant_id, "week": week, "model_version": version, **figure}
        session.execute(
            insert(DriftFigure)
            .values(**values)
            .on_conflict_do_update(
                index_elements=["tenant_id", "week", "model_version"],
                set_=figure | {"measured_at": func.now()},
            )
        )
        written += 1
    return written


def describe_week(judged: Sequence[Judged], expected: Sequence[int] | None) -> dict[str, object]:
    """A week's figures, from its verdicts in their order."""
    enough = len(judged) >= MIN_IMAGES
    score_index = (
        stability_index(expected, histogram([one.raw_score for one in judged]))
        if enough and expected is not None
        else None
    )
    rarity_index = (
        stability_index(FLAT, histogram([one.real_photo_p for one in judged])) if enough else None
    )
    largest, _ = martingale([one.real_photo_p for one in judged])
    decided = [
        one for one in judged if one.label in CONFIDENT_LABELS and one.outcome in ("ai", "real")
    ]
    alarms = (
        (score_index or 0) > PSI_ALARM,
        (rarity_index or 0) > PSI_ALARM,
        enough and largest >= MARTINGALE_ALARM,
    )
    rarest = sorted(judged, key=lambda one: one.real_photo_p)[:EXAMPLES]
    return {
        "images": len(judged),
        "score_index": score_index,
        "rarity_index": rarity_index,
        "martingale": min(largest, 1e12),
        "uncertain_share": sum(one.label == "uncertain" for one in judged) / len(judged),
        "decided": len(decided),
        "agreed": sum(not is_reversal(one.label, one.outcome or "") for one in decided),
        "examples": [str(one.check_id) for one in rarest],
        "is_alarming": any(alarms),
    }


def list_drift(session: Session, tenant_id: UUID, limit: int) -> Sequence[DriftFigure]:
    """A tenant's figures, the newest week first."""
    query = select(DriftFigure).where(DriftFigure.tenant_id == tenant_id)
    order = query.order_by(DriftFigure.week.desc(), DriftFigure.measured_at.desc())
    return session.scalars(order.limit(limit)).all()


def count_alarms(session: Session) -> int:
    """Tenants whose newest week, this or the last, is alarming."""
    last_week = cast(func.date_trunc("week", func.now()) - A_WEEK, Date)
    query = select(func.count(func.distinct(DriftFigure.tenant_id))).where(
        DriftFigure.is_alarming, DriftFigure.week >= last_week
    )
    return session.scalar(query) or 0


def _read_weeks(session: Session, version: str) -> Iterator[tuple[UUID, date, list[Judged]]]:
    week = cast(func.date_trunc("week", Verdict.created_at), Date)
    rows = session.execute(
        select(
            Check.tenant_id,
            week,
            Check.id,
            Verdict.label,
            Verdict.raw_score,
            Verdict.real_photo_p,
            Review.outcome,
        )
        .join(Verdict, Verdict.check_id == Check.id)
        .join(Review, Review.check_id == Check.id, isouter=True)
        .where(Verdict.model_version == version, Verdict.raw_score.is_not(None))
        .where(Verdict.created_at >= func.date_trunc("week", func.now()) - A_WEEK)
        .order_by(Check.tenant_id, week, Verdict.created_at)
    )

    for (tenant_id, day), group in groupby(rows, key=lambda row: (row[0], row[1])):
        judged = [
            Judged(check_id, label, score or 0.0, rarity or 0.0, outcome)
            for _, _, check_id, label, score, rarity, outcome in group
        ]
        yield tenant_id, day, judged[-MAX_IMAGES:]
