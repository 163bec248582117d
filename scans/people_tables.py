"""The tables of who may come in and who did what: invitations, ended sessions, the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Identity, Index, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from scans.tables import Table


class Invitation(Table):
    """A link that makes one reader their own key, once. Only the hash of its token is kept."""

    __tablename__ = "invitations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    name: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class EndedSession(Table):
    """A page's session that was signed out. Its cookie, and every copy of it, opens nothing."""

    __tablename__ = "ended_sessions"

    session_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditEntry(Table):
    """Who did what to what, and when. A trigger refuses every change of a row."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("audit_log_by_tenant", "tenant_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id"))
    # What acted: `key`, `invitation`, `command_line` or `service`; of a key, which one.
    actor: Mapped[str]
    key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id"))
    request_id: Mapped[str | None]
    action: Mapped[str]
    target: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
