"""The tables of other systems: how each is reached, and what is to be done there."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scans.tables import Check, Table

KINDS = ("mastodon", "ozone", "matrix", "pict_rs")
_IS_WAITING = text("done_at IS NULL AND dead_at IS NULL")


class Connection(Table):
    """Another system of a tenant's: how we know it, and how it knows us.

    What it signs with and what opens it to us is sealed (`scans/webhook_secrets.py`); of the secret
    that it sends us, only the hash is kept.
    """

    __tablename__ = "connections"
    __table_args__ = (
        CheckConstraint(
            f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="kind_is_known"
        ),
        Index("connections_by_tenant", "tenant_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    kind: Mapped[str]
    address: Mapped[str | None]
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    sealed_secrets: Mapped[str | None]
    secret_sha256: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Errand(Table):
    """Something that another system asked for once, and its place in the queue.

    It waits for its checks, then for `next_attempt_at`, until `done_at` or `dead_at` is set.
    """

    __tablename__ = "errands"
    __table_args__ = (
        UniqueConstraint("connection_id", "external_id"),
        Index("errands_waiting", "next_attempt_at", postgresql_where=_IS_WAITING),
        Index("errands_by_connection", "connection_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    # Its name in the other system: delivered again, it is the same errand.
    external_id: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    # Where the trace of what the other system sent goes on; null: it was not traced.
    traceparent: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    connection: Mapped[Connection] = relationship(lazy="joined")


class ErrandCheck(Table):
    """One of the checks that an errand waits for."""

    __tablename__ = "errand_checks"
    __table_args__ = (Index("errand_checks_by_check", "check_id"),)

    errand_id: Mapped[UUID] = mapped_column(
        ForeignKey("errands.id", ondelete="CASCADE"), primary_key=True
    )
    check_id: Mapped[UUID] = mapped_column(ForeignKey("checks.id"), primary_key=True)
    # What the other system calls the picture.
    media: Mapped[str]

    check: Mapped[Check] = relationship(lazy="joined")
