"""What a canary said in the shadow, in rows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.model_tables import ShadowScore


@dataclass(frozen=True, slots=True)
class Shadowed:
    """Both models on one array of pixels."""

    pixels_sha256: str
    canary_version: str
    live_version: str
    live_score: float
    live_label: str
    canary_score: float
    canary_label: str


def save_shadow(session: Session, found: Sequence[Shadowed]) -> None:
    """Keep what was said; the first answer about the same pixels stays."""
    if found:
        rows = [asdict(one) for one in found]
        session.execute(insert(ShadowScore).values(rows).on_conflict_do_nothing())


def read_shadow_labels(session: Session, canary_version: str) -> list[tuple[str, str]]:
    """Both labels of each image: the live model's, the canary's."""
    rows = session.execute(
        select(ShadowScore.live_label, ShadowScore.canary_label).where(
            ShadowScore.canary_version == canary_version
        )
    )
    return [(live, canary) for live, canary in rows]
