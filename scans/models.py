"""Which detectors have run here, and which one is live."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.tables import ModelVersion


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the service keeps of a detector; it equals the detector's own description."""

    version: str
    name: str
    threshold_version: str
    likely_ai_at: float
    no_evidence_below: float
    min_side_px: int


def make_live(session: Session, facts: ModelFacts) -> None:
    """Record a detector and make it the one whose verdicts answer from now on."""
    values = {field: getattr(facts, field) for field in facts.__slots__}
    session.execute(
        update(ModelVersion)
        .where(ModelVersion.is_live, ModelVersion.version != facts.version)
        .values(is_live=False)
    )
    session.execute(
        insert(ModelVersion)
        .values(**values, is_live=True)
        .on_conflict_do_update(index_elements=["version"], set_={**values, "is_live": True})
    )


def find_live_version(session: Session) -> str | None:
    """The version of the live detector; None before a worker has started for the first time."""
    return session.scalar(select(ModelVersion.version).where(ModelVersion.is_live))


def list_models(session: Session) -> list[ModelVersion]:
    """All detectors that have run here, the newest first."""
    return list(session.scalars(select(ModelVersion).order_by(ModelVersion.created_at.desc())))
