"""Keys: how they are made, kept as hashes, and recognised."""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cache
from typing import Literal
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from scans.errors import KeyUnknown
from scans.tables import ApiKey, Person, Tenant

KEY_PREFIX = "ntf_"


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who is asking: the tenant whose rows they may see, and their role in it."""

    key_id: UUID
    tenant_id: UUID
    role: str


KeyColumn = Literal["secret_sha256", "id"]


@dataclass(frozen=True, slots=True)
class WhichKey:
    """One key, by a column that tells it from all others."""

    column: KeyColumn
    value: str | UUID


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
    return find_holder(session, by_secret(secret))


def recognise_key_id(session: Session, key_id: UUID) -> KeyHolder:
    """Find the holder of a key that was recognised before, as a page's session remembers it.

    Raises:
        KeyUnknown: it was revoked since.
    """
    return find_holder(session, by_id(key_id))


def by_secret(secret: str) -> WhichKey:
    """The key with this secret."""
    return WhichKey("secret_sha256", hash_secret(secret))


def by_id(key_id: UUID) -> WhichKey:
    """The key with this id."""
    return WhichKey("id", key_id)


def find_holder(session: Session, which: WhichKey) -> KeyHolder:
    """Who holds the key.

    Raises:
        KeyUnknown: no such key, or it was revoked.
    """
    return holder_of(session.scalar(select_key(which.column), {"key": which.value}))


@cache
def select_key(column: KeyColumn) -> Select[ApiKey]:
    """The key whose column is the parameter `key`, if it is in force.

    Put together once, like all of a look-up's statement: that costs more than to run it.
    """
    wanted = getattr(ApiKey, column) == bindparam("key")
    return select(ApiKey).where(wanted, ApiKey.revoked_at.is_(None))


def holder_of(key: ApiKey | None) -> KeyHolder:
    """Who holds a key that was found.

    Raises:
        KeyUnknown: none was.
    """
    if key is None:
        raise KeyUnknown("This key is not known here, or it was revoked.")
    return KeyHolder(key.id, key.tenant_id, key.role)


def revoke_key(session: Session, secret: str) -> None:
    """Put a key out of force from now on.

    Raises:
        KeyUnknown: it is not in force now.
    """
    holder = recognise_key(session, secret)
    session.execute(update(ApiKey).where(ApiKey.id == holder.key_id).values(revoked_at=func.now()))
