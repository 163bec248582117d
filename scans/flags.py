"""What other systems are told to look at: by the detector's word, unless people have decided."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from scans.reviews import find_humans
from scans.tables import Check


def find_sayings(session: Session, tenant_id: UUID, checks: Iterable[Check]) -> dict[UUID, str]:
    """What people decided (`ai`, `real`, `unsure`) on the pictures of these checks, by check."""
    humans = find_humans(session, tenant_id, list(checks))
    return {check_id: review.outcome for check_id, review in humans.items() if review.outcome}


def is_flagged(label: str | None, says: str | None) -> bool:
    """Whether a picture counts as AI-made; a person's word stands over the label."""
    if says in {"ai", "real"}:
        return says == "ai"
    return label == "likely_ai"
