"""What the detector's worker must know of the checks of a batch, read for all of them at once.

None of it changes while a check is held: what was found in the bytes stays while a check of them is
open. The policy is that of the moment at which the batch was looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from scans.policy_tables import PolicyVersion
from scans.tables import Check, Image, PixelScore


@dataclass(frozen=True, slots=True)
class Asked:
    """One check of a batch.

    Attributes:
        known_score: what the model has said about the canonical picture before.
        policy_text: what its tenant wants to happen (`scans/policy_rules.py`).
    """

    image: Image
    known_score: PixelScore | None
    is_from_screen: bool
    urgency: int
    policy_text: str


def read_asked(
    session: Session, check_ids: Sequence[UUID], model_version: str
) -> dict[UUID, Asked]:
    """The checks, what they show and what this model said of it, and the policies in force.

    In one statement.
    """
    policy = (
        select(PolicyVersion.text)
        .where(PolicyVersion.tenant_id == Check.tenant_id)
        .order_by(PolicyVersion.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Check.id, Image, PixelScore, Check.is_from_screen, Check.urgency, policy)
        .join(Image, Image.sha256 == Check.image_sha256)
        .outerjoin(
            PixelScore,
            and_(
                PixelScore.pixels_sha256 == Image.pixels_sha256,
                PixelScore.model_version == model_version,
            ),
        )
        .where(Check.id.in_(check_ids))
    )
    return {
        check_id: Asked(image, score, is_from_screen, urgency, policy_text or "")
        for check_id, image, score, is_from_screen, urgency, policy_text in rows
    }
