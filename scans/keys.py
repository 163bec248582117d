"""Keys: how they are made, kept as hashes, and recognised."""

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from scans.errors import KeyUnknown
from scans.tables import ApiKey, Person, Tenant

KEY_PREFIX = "ntf_"


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who is asking: the tenant whose rows they may see, their role in it, and who they are."""

    key_id: UUID
    tenant_id: UUID
    role: str
    person_id: UUID


def hash_secret(secret: str) -> str:
    """SHA-256 of a key. Keys carry 256 random bits, so a slow password hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_key(session: Session, person: Person, *, name: str, role: str) -> str:
    """Make a key for a person. The returned secret is shown once; only its hash is kept."""
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiKey(
            tenant_id=person.tenant_id,
            person_id=person.id,
            name=name,
            role=role,
            secret_sha256=hash_secret(secret),
        )
    )
    return secret


def create_tenant_with_person(session: Session, tenant_name: str, person_name: str) -> Person:
    """Make a tenant and its first person; a tenant of that name is used as it is."""
    tenant = session.scalar(select(Tenant).where(Tenant.name == tenant_name))
    if tenant is None:
        tenant = Tenant(name=tenant_name)
        session.add(tenant)
        session.flush()
    person = Person(tenant_id=tenant.id, name=person_name)
    session.add(person)
    session.flush()
    return person


def recognise_key(session: Session, secret: str) -> KeyHolder:
    """Find who holds this secret.

    Raises:
        KeyUnknown: no such key, or it was revoked.
    """
    return _find_holder(session, ApiKey.secret_sha256 == hash_secret(secret))


def recognise_key_id(session: Session, key_id: UUID) -> KeyHolder:
    """Find the holder of a key that was recognised before, as a page's session remembers it.

    Raises:
        KeyUnknown: it was revoked since.
    """
    return _find_holder(session, ApiKey.id == key_id)


def _find_holder(session: Session, condition: ColumnElement[bool]) -> KeyHolder:
    key = session.scalar(select(ApiKey).where(condition, ApiKey.revoked_at.is_(None)))
    if key is None:
        raise KeyUnknown("This key is not known here, or it was revoked.")
    return KeyHolder(key.id, key.tenant_id, key.role, key.person_id)


def revoke_key(session: Session, secret: str) -> None:
    """Put a key out of force from now on.

    Raises:
        KeyUnknown: it is not in force now.
    """
    holder = recognise_key(session, secret)
    session.execute(update(ApiKey).where(ApiKey.id == holder.key_id).values(revoked_at=func.now()))
