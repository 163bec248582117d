"""All that a moderator sees of one item: the verdict, and what people said before."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.render_check import render_candidate
from api.render_review import render_appeal, render_decision, render_feedback, render_review
from api.review_schemas import AppealBody, DecisionBody, FeedbackBody, ReviewBody
from api.schemas import EvidenceBody, SimilarBody, VerdictBody
from scans.appeals import list_appeals_of
from scans.feedback_rows import find_standing, list_feedback_on
from scans.review_tables import Review
from scans.reviews import Moderator, list_decided_on
from scans.similar import find_similar


@dataclass(frozen=True, slots=True)
class EarlierReview:
    """What was decided before on the same pixels."""

    review_id: str
    outcome: str
    decisions: list[DecisionBody]


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One item on the page."""

    review: ReviewBody
    verdict: VerdictBody
    appeals: list[AppealBody]
    opinions: list[FeedbackBody]
    earlier: list[EarlierReview]
    alike: list[SimilarBody]

    @property
    def pixels(self) -> list[EvidenceBody]:
        """What the detector says."""
        return [line for line in self.verdict.evidence if line.kind == "pixels"]

    @property
    def declared(self) -> list[EvidenceBody]:
        """What the file says about itself."""
        return [line for line in self.verdict.evidence if line.kind != "pixels"]


def read_item(session: Session, review: Review, moderator: Moderator) -> ReviewItem:
    """Everything about one review that helps to judge it."""
    body = render_review(review, moderator.person_id)
    assert body.check.verdict is not None
    opinions = list_feedback_on(session, moderator.tenant_id, review.picture)
    decided = list_decided_on(session, moderator.tenant_id, review.picture)
    return ReviewItem(
        review=body,
        verdict=body.check.verdict,
        appeals=[render_appeal(appeal) for appeal in list_appeals_of(session, review.id)],
        opinions=[render_feedback(row, find_standing(session, row)) for row in opinions],
        earlier=[
            EarlierReview(
                str(one.id), one.outcome or "", [render_decision(each) for each in one.decisions]
            )
            for one in decided
        ],
        alike=[
            render_candidate(one)
            for one in find_similar(session, moderator.tenant_id, review.image_sha256)
        ],
    )
