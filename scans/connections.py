"""Connections to other systems: made, listed, removed, and recognised by a secret."""

import json
import secrets as dice
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from scans.audit_log import Actor, record
from scans.errors import ConnectionNotFound, ConnectionSecretWrong, TooManyConnections
from scans.integration_tables import Connection
from scans.keys import hash_secret
from scans.tables import Tenant
from scans.webhook_secrets import SecretBox

SECRET_PREFIX = "ntfc_"  # noqa: S105  # it says what the secret is
MAX_CONNECTIONS = 50  # of one tenant


@dataclass(frozen=True, slots=True)
class WantedConnection:
    """What a tenant says of another system.

    Attributes:
        options: what may be shown again; `secrets`: what may not.
        has_own_secret: it signs with a secret of its own, so it is not given one of ours.
    """

    kind: str
    address: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    has_own_secret: bool = False


def create_connection(
    session: Session, tenant_id: UUID, wanted: WantedConnection, box: SecretBox, by: Actor
) -> tuple[Connection, str | None]:
    """Make a connection. The returned secret, which the other system is to send, is shown once.

    Raises:
        TooManyConnections: the tenant has fifty.
    """
    # The tenant's row is locked, so that two callers cannot both make the fiftieth.
    session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))
    if len(list_connections(session, tenant_id)) >= MAX_CONNECTIONS:
        raise TooManyConnections(
            f"A tenant can have {MAX_CONNECTIONS} connections. Remove one first."
        )
    secret = None if wanted.has_own_secret else SECRET_PREFIX + dice.token_urlsafe(32)
    connection = Connection(
        tenant_id=tenant_id,
        kind=wanted.kind,
        address=wanted.address,
        options=wanted.options,
        sealed_secrets=box.seal(json.dumps(wanted.secrets)) if wanted.secrets else None,
        secret_sha256=hash_secret(secret) if secret else None,
    )
    session.add(connection)
    session.flush()
    record(
        session,
        by,
        "connection.created",
        tenant_id=tenant_id,
        target=connection.id,
        kind=wanted.kind,
    )
    return connection, secret


def list_connections(session: Session, tenant_id: UUID) -> list[Connection]:
    """All connections of a tenant, the oldest first."""
    query = select(Connection).where(Connection.tenant_id == tenant_id)
    return list(session.scalars(query.order_by(Connection.created_at, Connection.id)))


def get_connection(session: Session, tenant_id: UUID, connection_id: UUID) -> Connection:
    """One connection of this tenant.

    Raises:
        ConnectionNotFound: there is none of this id among the tenant's.
    """
    connection = session.scalar(
        select(Connection).where(Connection.id == connection_id, Connection.tenant_id == tenant_id)
    )
    if connection is None:
        raise ConnectionNotFound("There is no connection with this id among yours.")
    return connection


def remove_connection(session: Session, tenant_id: UUID, connection_id: UUID, by: Actor) -> None:
    """Forget a connection and its errands; its checks stay.

    Raises:
        ConnectionNotFound: as for `get_connection`.
    """
    connection = get_connection(session, tenant_id, connection_id)
    session.execute(delete(Connection).where(Connection.id == connection.id))
    record(
        session,
        by,
        "connection.removed",
        tenant_id=tenant_id,
        target=connection_id,
        kind=connection.kind,
    )


def recognise_connection(
    session: Session, kind: str, secret: str, connection_id: UUID | None = None
) -> Connection:
    """The connection that this secret was made for.

    Args:
        connection_id: which one it must be, where the address says so.

    Raises:
        ConnectionSecretWrong: it was made for none, or for another. The two are not told apart.
    """
    query = select(Connection).where(
        Connection.kind == kind, Connection.secret_sha256 == hash_secret(secret)
    )
    if connection_id is not None:
        query = query.where(Connection.id == connection_id)
    connection = session.scalar(query)
    if connection is None:
        raise ConnectionSecretWrong("This secret does not belong to this connection.")
    return connection


def find_signing_connection(session: Session, kind: str, connection_id: UUID) -> Connection | None:
    """A connection whose requests are signed; its signature is still to be verified."""
    return session.scalar(
        select(Connection).where(Connection.id == connection_id, Connection.kind == kind)
    )


def open_secrets(connection: Connection, box: SecretBox) -> dict[str, str]:
    """What opens the other system to us.

    Raises:
        WebhookSecretUnreadable: it was sealed under another `NTF_SECRET_KEY`.
    """
    if connection.sealed_secrets is None:
        return {}
    opened: dict[str, str] = json.loads(box.open(connection.sealed_secrets))
    return opened
