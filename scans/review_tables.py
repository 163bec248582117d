"""The tables of what people say about verdicts: feedback, appeals, reviews and decisions.

A *picture* names what a person sees, whatever file shows it (`scans/pictures.py`).
"""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scans.tables import ROLES, Check, Person, Table, one_of

SAYINGS = ("ai", "real", "unsure")
REVIEW_REASONS = ("appeal", "contradiction", "flagged", "uncertain", "policy", "spot_check")
REVIEW_STATUSES = ("waiting", "decided")


class Feedback(Table):
    """What someone said about a check's verdict. Append-only: a trigger refuses changes."""

    __tablename__ = "feedback"
    __table_args__ = (
        one_of("says", SAYINGS),
        one_of("role", ROLES),
        Index("feedback_by_person", "person_id", "created_at"),
        Index("feedback_by_picture", "tenant_id", "picture", "created_at"),
        Index("feedback_by_check", "check_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    check_id: Mapped[UUID] = mapped_column(ForeignKey("checks.id"))
    picture: Mapped[str] = mapped_column(String(64))
    pdq: Mapped[str | None] = mapped_column(String(64))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    # As it was when this was said; a later role changes nothing in the past.
    role: Mapped[str]
    says: Mapped[str]
    reason: Mapped[str | None]
    note: Mapped[str | None]
    flags: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Review(Table):
    """An item in the moderators' queue: one picture that people are asked to judge.

    `outcome` is what they decided; it stands over the label of every check of this picture.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        one_of("reason", REVIEW_REASONS),
        one_of("status", REVIEW_STATUSES),
        one_of("outcome", SAYINGS),
        Index(
            "one_waiting_review",
            "tenant_id",
            "picture",
            unique=True,
            postgresql_where=text("status = 'waiting'"),
        ),
        Index("reviews_by_turn", "tenant_id", "status", "due_at", "id"),
        Index("reviews_by_picture", "tenant_id", "picture"),
        Index("reviews_by_image", "tenant_id", "image_sha256"),
        Index("reviews_by_check", "check_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    check_id: Mapped[UUID] = mapped_column(ForeignKey("checks.id"))
    image_sha256: Mapped[str] = mapped_column(ForeignKey("images.sha256"))
    picture: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="waiting")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    claimed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    claimed_until: Mapped[datetime | None]
    # Ids of the people who would rather see others first.
    skipped_by: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    outcome: Mapped[str | None]
    outcome_reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]

    check: Mapped[Check] = relationship(lazy="joined")
    decisions: Mapped[list["Decision"]] = relationship(
        lazy="selectin", order_by="Decision.created_at", viewonly=True
    )


class Decision(Table):
    """What one moderator said in one review. One that was undone keeps its row."""

    __tablename__ = "decisions"
    __table_args__ = (
        one_of("says", SAYINGS),
        Index(
            "one_decision_of_a_person",
            "review_id",
            "person_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    review_id: Mapped[UUID] = mapped_column(ForeignKey("reviews.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    says: Mapped[str]
    reason: Mapped[str | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    undone_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="joined")


class Appeal(Table):
    """Someone asked for a second look by a person: once for each check."""

    __tablename__ = "appeals"
    __table_args__ = (
        Index("one_appeal_of_a_person", "check_id", "person_id", unique=True),
        Index("appeals_by_review", "review_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    check_id: Mapped[UUID] = mapped_column(ForeignKey("checks.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    review_id: Mapped[UUID] = mapped_column(ForeignKey("reviews.id"))
    reason: Mapped[str | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    review: Mapped[Review] = relationship(lazy="joined")


class RegressionCase(Table):
    """A picture on which people reversed what the detector had said: a later one must be right."""

    __tablename__ = "regression_cases"

    review_id: Mapped[UUID] = mapped_column(ForeignKey("reviews.id"), primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    image_sha256: Mapped[str] = mapped_column(ForeignKey("images.sha256"))
    expected: Mapped[str]
    wrong_label: Mapped[str]
    model_version: Mapped[str] = mapped_column(ForeignKey("model_versions.version"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
