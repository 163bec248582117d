"""What people say about verdicts, as the API takes and gives it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.batch_schemas import Cursor, PageLimit
from api.schemas import NO_NUL, CheckBody, SaysWord

ReasonWord = Literal["appeal", "contradiction", "flagged", "uncertain", "policy", "spot_check"]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=NO_NUL)]


class OpinionRequest(BaseModel):
    """What someone says about an image: in feedback, or as a moderator's decision."""

    model_config = ConfigDict(extra="forbid")

    says: SaysWord
    reason: Reason | None = Field(default=None, description="in a few words")
    note: Note | None = None


class AppealRequest(BaseModel):
    """Why a person should look again."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = None
    note: Note | None = None


class FeedbackBody(BaseModel):
    """An opinion as it was kept."""

    id: UUID
    check_id: UUID
    says: SaysWord
    reason: str | None
    note: str | None
    standing: Literal["label", "counted", "quarantined"] = Field(
        description="a moderator's word is a label; a reader's is quarantined, and counted once "
        "moderators' decisions have agreed with that reader often enough"
    )
    flags: list[str] = Field(description="burst_of_person or burst_on_picture; more may come")
    created_at: datetime


class AppealBody(BaseModel):
    """An appeal and what became of it."""

    id: UUID
    check_id: UUID
    status: Literal["waiting", "decided"]
    outcome: SaysWord | None = Field(description="what people decided; null while it waits")
    reason: str | None
    note: str | None
    created_at: datetime
    decided_at: datetime | None


class ReviewPath(BaseModel):
    """Names a review."""

    review_id: UUID


class ReviewsQuery(BaseModel):
    """Which reviews, and which page of them."""

    status: Literal["waiting", "decided"] = "waiting"
    reason: ReasonWord | None = None
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the page before")
    limit: PageLimit = 50


class NextReviewQuery(BaseModel):
    """Of which kind the next review is to be."""

    reason: ReasonWord | None = None


class DecisionBody(BaseModel):
    """Who decided what. One that was undone stays in the record."""

    person: str
    says: SaysWord
    reason: str | None
    note: str | None
    created_at: datetime
    undone_at: datetime | None


class ReviewBody(BaseModel):
    """An item in the moderators' queue."""

    id: UUID
    reason: ReasonWord
    status: Literal["waiting", "decided"]
    created_at: datetime
    due_at: datetime
    claimed_until: datetime | None = Field(description="someone holds it until then, or held it")
    is_mine: bool = Field(description="you are the one")
    outcome: SaysWord | None
    outcome_reason: str | None
    decided_at: datetime | None
    decisions: list[DecisionBody] = Field(
        description="while the review waits your own alone, so that a second vote is a free one"
    )
    check: CheckBody


class AgreementBody(BaseModel):
    """How far moderators agree who judged the same review."""

    reviews: int
    kappa: float | None = Field(description="Cohen's; null where there is nothing to compare")


class ReviewsBody(BaseModel):
    """A page of the queue, in the order in which reviews are due."""

    reviews: list[ReviewBody]
    next_cursor: str | None
    waiting: dict[str, int] = Field(description="how many wait, by reason")
    agreement: AgreementBody


class StatementBody(BaseModel):
    """What a statement of reasons needs (Regulation (EU) 2022/2065, art. 17(3))."""

    review_id: UUID
    check_id: UUID
    image_sha256: str
    image_url: str | None
    decided_at: datetime
    restriction: str | None = Field(description="(a) what is done, where and for how long")
    facts: list[str] = Field(description="(b) facts and circumstances relied on")
    was_notified: bool = Field(description="(b) whether someone asked for the decision")
    automated_detection: bool = Field(description="(c) whether it was found by automated means")
    automated_decision: bool = Field(description="(c) whether it was decided by automated means")
    automated_means: str = Field(description="(c) which")
    legal_ground: str | None = Field(description="(d) the law, where the content is illegal")
    terms_ground: str | None = Field(description="(e) the term, where it is against the terms")
    redress: list[str] = Field(description="(f) what the recipient can do")
    to_be_filled_in: list[str] = Field(description="what the platform alone can know")
