"""The tables of requests that are more than one check: batches, and answers kept for a retry."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, LargeBinary, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scans.tables import Check, Table


class Batch(Table):
    """Many addresses sent in one call."""

    __tablename__ = "batches"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    urgency: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class BatchItem(Table):
    """One address of a batch: its check, or why there is none."""

    __tablename__ = "batch_items"
    __table_args__ = (Index("batch_items_by_check", "check_id"),)

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str]
    check_id: Mapped[UUID | None] = mapped_column(ForeignKey("checks.id"))
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]

    check: Mapped[Check | None] = relationship(lazy="joined")


class IdempotentAnswer(Table):
    """What a request with an `Idempotency-Key` was answered, so that its repetition is too.

    `status` is null while the first request is being answered; `token` names that request.
    """

    __tablename__ = "idempotent_answers"
    __table_args__ = (Index("idempotent_answers_by_age", "created_at"),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    token: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[int | None]
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
