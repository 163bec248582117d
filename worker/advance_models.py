"""Lets a canary go live when the shadow has shown enough, or says that a person must decide."""

from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from scans.canary_rules import weigh_shadow
from scans.model_tables import ModelReport
from scans.models import add_report, find_canary, promote
from scans.shadow_rows import read_shadow_labels


def advance_models(
    sessions: sessionmaker[Session], *, min_images: int, max_reversals: float
) -> str:
    """What became of the canary: `none`, `wait`, `promote` or `ask a person`."""
    with sessions.begin() as session:
        canary = find_canary(session)
        if canary is None:
            return "none"
        labels = read_shadow_labels(session, canary.version)
        found = weigh_shadow(labels, min_images=min_images, max_reversals=max_reversals)
        if found.outcome == "promote":
            promote(session, canary.version, asdict(found))
        elif found.outcome == "ask a person" and not _has_asked(session, canary.version):
            add_report(session, canary.version, "held", asdict(found))
        return found.outcome


def _has_asked(session: Session, version: str) -> bool:
    query = select(ModelReport.id).where(
        ModelReport.model_version == version, ModelReport.step == "held"
    )
    return session.scalar(query.limit(1)) is not None
