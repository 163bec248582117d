"""Moderators' decisions, written as rows: what the queue's own tests prove is not done again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from sqlalchemy.orm import Session, sessionmaker

from images.hashes import sha256_hex
from images.perceptual_hash import MIN_QUALITY, pdq_hash
from scans.image_store import ImageStore
from scans.keys import create_tenant_with_person
from scans.models import find_live_version
from scans.review_tables import Decision, RegressionCase, Review
from scans.similar import bits_of
from scans.tables import Check, Image
from tests.learning.kit import Pixels
from tests.pictures import as_png


@dataclass
class Desk:
    """A tenant's moderators and what they decided."""

    sessions: sessionmaker[Session]
    store: ImageStore
    people: dict[str, UUID] = field(default_factory=dict)
    tenant_id: UUID | None = None

    def decide(self, pictures: Iterable[Pixels], says: str, people: tuple[str, ...]) -> None:
        """Decide pictures, each by one of these people in turn."""
        for number, pixels in enumerate(pictures):
            self.decide_one(pixels, says, people[number % len(people)])

    def decide_one(
        self, pixels: Pixels, says: str, person: str, *, wrong: str | None = None
    ) -> None:
        """Decide one picture; `wrong` is the label that this reverses."""
        content = as_png(pixels)
        sha256 = sha256_hex(content)
        pdq, quality = pdq_hash(pixels)
        self.store.save("bytes", sha256, content)
        with self.sessions.begin() as session:
            person_id = self._person(session, person)
            session.merge(
                Image(
                    sha256=sha256,
                    byte_count=len(content),
                    pixels_sha256=sha256,
                    pdq=bits_of(pdq) if quality >= MIN_QUALITY else None,
                )
            )
            check = Check(
                tenant_id=self.tenant_id,
                subject=f"sha256:{sha256} {uuid4()}",
                image_sha256=sha256,
                status="done",
            )
            session.add(check)
            session.flush()
            review = Review(
                tenant_id=self.tenant_id,
                check_id=check.id,
                image_sha256=sha256,
                picture=sha256,
                reason="spot_check",
                status="decided",
                outcome=says,
            )
            session.add(review)
            session.flush()
            session.add(Decision(review_id=review.id, person_id=person_id, says=says))
            if wrong:
                session.add(
                    RegressionCase(
                        review_id=review.id,
                        tenant_id=self.tenant_id,
                        image_sha256=sha256,
                        expected=says,
                        wrong_label=wrong,
                        model_version=find_live_version(session) or "",
                    )
                )

    def _person(self, session: Session, name: str) -> UUID:
        if name not in self.people:
            person = create_tenant_with_person(session, "tenant one", name)
            session.flush()
            self.people[name], self.tenant_id = person.id, person.tenant_id
        return self.people[name]
