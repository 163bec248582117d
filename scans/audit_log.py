"""The audit log: each change is written in the transaction that makes it, and never changed."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from scans.people_tables import AuditEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a key in a request, an invitation, the command line, or the service itself."""

    kind: str
    key_id: UUID | None = None
    request_id: str | None = None


COMMAND_LINE = Actor("command_line")
SERVICE = Actor("service")


def record(
    session: Session,
    by: Actor,
    action: str,
    *,
    tenant_id: UUID | None,
    target: object,
    **details: object,
) -> None:
    """Write one line; it is kept if, and only if, the caller's transaction is. Holds no secrets."""
    session.add(
        AuditEntry(
            tenant_id=tenant_id,
            actor=by.kind,
            key_id=by.key_id,
            request_id=by.request_id,
            action=action,
            target=str(target),
            details=details,
        )
    )


def list_entries(session: Session, tenant_id: UUID, limit: int) -> list[AuditEntry]:
    """The newest lines about a tenant, the newest first."""
    query = select(AuditEntry).where(AuditEntry.tenant_id == tenant_id)
    return list(session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)))
