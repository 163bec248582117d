"""The tables of how models come and go: runs of retraining, reports of each step, the shadow."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Identity, Index, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from scans.tables import LABELS, Table, one_of

OUTCOMES = ("canary", "refused", "too_few_labels", "failed")


class Retraining(Table):
    """One run of retraining. One that was killed has no end yet, and the next run goes on with it.

    `labels` are those that it set out with: what is decided meanwhile waits for the next run.
    """

    __tablename__ = "retrainings"
    __table_args__ = (
        one_of("outcome", OUTCOMES),
        Index(
            "one_open_retraining",
            text("(finished_at IS NULL)"),
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    learned_from: Mapped[str] = mapped_column(ForeignKey("model_versions.version"))
    labels: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    # What it made, once it has trained.
    version: Mapped[str | None] = mapped_column(ForeignKey("model_versions.version"))
    outcome: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class ModelReport(Table):
    """What one step found about one model version. Never changed."""

    __tablename__ = "model_reports"
    __table_args__ = (Index("model_reports_by_version", "model_version", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    model_version: Mapped[str] = mapped_column(ForeignKey("model_versions.version"))
    # labelled, trained, gated, canary, promoted, refused, rolled_back
    step: Mapped[str]
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ShadowScore(Table):
    """What a canary said of pixels that the live model answered for. Nobody is told of it."""

    __tablename__ = "shadow_scores"
    __table_args__ = (one_of("live_label", LABELS), one_of("canary_label", LABELS))

    pixels_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    canary_version: Mapped[str] = mapped_column(
        ForeignKey("model_versions.version"), primary_key=True
    )
    live_version: Mapped[str] = mapped_column(ForeignKey("model_versions.version"))
    live_score: Mapped[float]
    live_label: Mapped[str]
    canary_score: Mapped[float]
    canary_label: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DriftFigure(Table):
    """One week of one tenant's images under one model, against what the model was calibrated on."""

    __tablename__ = "drift_figures"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)
    model_version: Mapped[str] = mapped_column(
        ForeignKey("model_versions.version"), primary_key=True
    )
    images: Mapped[int]
    # Null where there are too few images, or nothing is known of the calibration.
    score_index: Mapped[float | None]
    rarity_index: Mapped[float | None]
    # The largest wealth of the week.
    martingale: Mapped[float]
    uncertain_share: Mapped[float]
    decided: Mapped[int]
    agreed: Mapped[int]
    # Ids of checks whose images are the least like photographs, for a person to look at.
    examples: Mapped[list[str]] = mapped_column(JSONB)
    is_alarming: Mapped[bool]
    measured_at: Mapped[datetime] = mapped_column(server_default=func.now())
