"""Images that look alike, for a person to compare. No score, label or decision comes from here.

Foreign content pasted over a part of a photograph moves its PDQ by a few bits alone: that is why a
candidate is worth a look, and why it can be no more than that.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from scans.tables import Check, Image, Verdict

# Of 256. PDQ's authors take 31 for two copies of one picture; one with a tenth replaced is mostly
# further away, and other pictures are not near (docs/decisions/similar-images.md).
MAX_DISTANCE_BITS = 80
MAX_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image of the same tenant that looks like another, by its newest finished check."""

    check_id: UUID
    image_sha256: str
    media_type: str
    label: str
    checked_at: datetime
    distance_bits: int


def find_similar(session: Session, tenant_id: UUID, image_sha256: str) -> list[Candidate]:
    """The tenant's images nearest to this one, the nearest first.

    Every image of the tenant is looked at (`docs/decisions/similar-images.md` has the cost).
    """
    this = aliased(Image)
    distance = func.bit_count(Image.pdq.op("#")(this.pdq))
    newest = (
        select(
            Check.id,
            Image.sha256,
            Image.media_type,
            Verdict.label,
            Check.finished_at,
            distance.label("distance_bits"),
        )
        .join(Image, Image.sha256 == Check.image_sha256)
        .join(Verdict, Verdict.check_id == Check.id)
        .join(this, this.sha256 == image_sha256)
        .where(Check.tenant_id == tenant_id, Image.sha256 != image_sha256)
        .where(distance <= MAX_DISTANCE_BITS, Image.bytes_removed_at.is_(None))
        .ext(distinct_on(Image.sha256))
        .order_by(Image.sha256, Check.finished_at.desc())
        .subquery()
    )
    nearest = select(newest).order_by(newest.c.distance_bits, newest.c.finished_at.desc())
    return [Candidate(*row) for row in session.execute(nearest.limit(MAX_CANDIDATES))]


def bits_of(pdq: str) -> str:
    """A PDQ of 64 hexadecimal digits as the database compares it: 256 of 0 and 1."""
    return f"{int(pdq, 16):0256b}"


def pdq_of(bits: str) -> str:
    """Back from what the database keeps to 64 hexadecimal digits."""
    return f"{int(bits, 2):064x}"
