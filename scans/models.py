"""Which detectors have run here, where each stands in its life, and which one is live.

A retrained detector is a `candidate`, then `refused` by the gate or a `canary` in the shadow, then
`live`, and `retired` by the next; `rolled_back` if it was put out of service. Each change is
written together with its report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.errors import ModelNotFound
from scans.model_tables import ModelReport
from scans.tables import ModelVersion

# A lock of this transaction: who changes the live model waits for whoever does so at this moment.
_CHANGING = text("SELECT pg_advisory_xact_lock(7243001)")


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the service keeps of a detector; it equals the detector's own description."""

    version: str
    name: str
    threshold_version: str
    likely_ai_at: float
    no_evidence_below: float
    min_side_px: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """The detector that a worker should judge with.

    Attributes:
        stored_sha256: of its `detector.json` in the model store; None: the configured folder.
    """

    version: str
    stored_sha256: str | None


def make_live(session: Session, facts: ModelFacts) -> None:
    """Record a detector and make it the one whose verdicts answer from now on."""
    session.execute(_CHANGING)
    before = find_live_version(session)
    save_facts(session, facts)
    if before != facts.version:
        _put_live(session, facts.version, before)
    else:
        _change(session, facts.version, stage="live")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a worker should work with now.

    Attributes:
        live: None where the configured detector is to be made live first.
        canary: what judges in the shadow, if anything does.
    """

    live: Wanted | None
    canary: Wanted | None


def choose_detectors(session: Session, configured: ModelFacts) -> Choice:
    """What a worker should work with, that is configured with this detector. In one statement.

    A detector that is configured and was never seen here is to become the live one: the operator
    has brought it. Else the live one counts, if its folder is in the model store.
    """
    is_of_use = or_(
        ModelVersion.is_live,
        ModelVersion.stage == "canary",
        ModelVersion.version == configured.version,
    )
    models = session.scalars(select(ModelVersion).where(is_of_use)).all()
    live = next((model for model in models if model.is_live), None)
    canary = next((model for model in models if model.stage == "canary"), None)
    is_new = all(model.version != configured.version for model in models)
    return Choice(
        None if live is None or is_new else _judge_with(live, configured),
        Wanted(canary.version, canary.stored_sha256) if canary else None,
    )


def _judge_with(live: ModelVersion, configured: ModelFacts) -> Wanted | None:
    if live.stored_sha256 is not None:
        return Wanted(live.version, live.stored_sha256)
    if live.version == configured.version and live.stage is not None:
        return Wanted(configured.version, None)
    return None


def save_facts(session: Session, facts: ModelFacts) -> None:
    """Record a detector's description; what is known otherwise stays."""
    values = {field: getattr(facts, field) for field in facts.__slots__}
    session.execute(
        insert(ModelVersion)
        .values(**values)
        .on_conflict_do_update(index_elements=["version"], set_=values)
    )


def add_candidate(
    session: Session, facts: ModelFacts, *, learned_from: str, stored_sha256: str
) -> None:
    """Record a detector that was learned here and lies in the model store."""
    save_facts(session, facts)
    _change(
        session,
        facts.version,
        stage="candidate",
        learned_from=learned_from,
        stored_sha256=stored_sha256,
    )


def refuse_candidate(session: Session, version: str, report: dict[str, Any]) -> None:
    """End a candidate's life, with the reasons."""
    _change(session, version, stage="refused")
    add_report(session, version, "refused", report)


def begin_canary(session: Session, version: str, report: dict[str, Any]) -> None:
    """Let a candidate judge in the shadow; a canary that is there gives way."""
    session.execute(_CHANGING)
    session.execute(
        update(ModelVersion).where(ModelVersion.stage == "canary").values(stage="retired")
    )
    _change(session, version, stage="canary")
    add_report(session, version, "canary", report)


def promote(session: Session, version: str, report: dict[str, Any]) -> None:
    """Make a recorded detector the live one.

    Raises:
        ModelNotFound: there is none of this version, or its folder is not in the model store.
    """
    session.execute(_CHANGING)
    model = session.get(ModelVersion, version)
    if model is None or model.stored_sha256 is None:
        raise ModelNotFound(f"The model store has no {version}.")
    before = find_live_version(session)
    if before != version:
        _put_live(session, version, before)
        add_report(session, version, "promoted", {"replaced": before, **report})


def roll_back(session: Session, reason: str) -> tuple[str, str]:
    """Put back the model that the live one took the place of. Returns both versions, as they were.

    Raises:
        ModelNotFound: the live model took nobody's place.
    """
    session.execute(_CHANGING)
    live = session.scalar(select(ModelVersion).where(ModelVersion.is_live))
    if live is None or live.replaced is None:
        raise ModelNotFound("The live model took nobody's place: there is nothing to go back to.")
    gone, back = live.version, live.replaced
    _change(session, gone, stage="rolled_back", is_live=False)
    # What it had replaced itself stays: a second step back is possible.
    _change(session, back, stage="live", is_live=True)
    add_report(session, gone, "rolled_back", {"back_to": back, "reason": reason})
    return gone, back


def find_live_version(session: Session) -> str | None:
    """The version of the live detector; None before a worker has started for the first time."""
    return session.scalar(select(ModelVersion.version).where(ModelVersion.is_live))


def find_canary(session: Session) -> ModelVersion | None:
    """The detector that judges in the shadow, if there is one."""
    return session.scalar(select(ModelVersion).where(ModelVersion.stage == "canary"))


def list_models(session: Session) -> list[ModelVersion]:
    """All detectors that have run here, the newest first."""
    return list(session.scalars(select(ModelVersion).order_by(ModelVersion.created_at.desc())))


def add_report(session: Session, version: str, step: str, report: dict[str, Any]) -> None:
    """Keep what a step found."""
    session.add(ModelReport(model_version=version, step=step, report=report))


def list_reports(session: Session, limit: int) -> Sequence[ModelReport]:
    """The newest reports of all models, the newest first."""
    return session.scalars(select(ModelReport).order_by(ModelReport.id.desc()).limit(limit)).all()


def count_by_stage(session: Session) -> dict[str, int]:
    """How many detectors stand at each stage."""
    rows = session.execute(select(ModelVersion.stage, func.count()).group_by(ModelVersion.stage))
    return {stage or "unknown": count for stage, count in rows}


def _put_live(session: Session, version: str, before: str | None) -> None:
    if before is not None:
        _change(session, before, stage="retired", is_live=False)
    _change(session, version, stage="live", is_live=True, replaced=before)


def _change(session: Session, version: str, **values: object) -> None:
    session.execute(update(ModelVersion).where(ModelVersion.version == version).values(**values))
