"""Keys: how they are made, kept as hashes, and recognised."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from scans.audit_log import SERVICE, Actor, record
from scans.errors import KeyUnknown, NotAmongYours
from scans.people import create_person, get_or_create_tenant
from scans.tables import ApiKey, Person

KEY_PREFIX = "ntf_"
# How long the old key still opens after a rotation, so that programs can be changed over.
OVERLAP_HOURS = 24


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who is asking: the tenant whose rows they may see, their role in it, and who they are."""

    key_id: UUID
    tenant_id: UUID
    role: str
    person_id: UUID


KeyColumn = Literal["secret_sha256", "id"]


@dataclass(frozen=True, slots=True)
class WhichKey:
    """One key, by a column that tells it from all others."""

    column: KeyColumn
    value: str | UUID


def hash_secret(secret: str) -> str:
    """SHA-256 of a key. Keys carry 256 random bits, so a slow password hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_key(
    session: Session, person: Person, *, name: str, role: str, by: Actor = SERVICE
) -> str:
    """Make a key for a person. The returned secret is shown once; only its hash is kept."""
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        tenant_id=person.tenant_id,
        person_id=person.id,
        name=name,
        role=role,
        secret_sha256=hash_secret(secret),
    )
    session.add(key)
    session.flush()
    record(session, by, "key.created", tenant_id=key.tenant_id, target=key.id, role=role, name=name)
    return secret


def create_tenant_with_person(
    session: Session, tenant_name: str, person_name: str, by: Actor = SERVICE
) -> Person:
    """Make a tenant and its first person; a tenant of that name is used as it is."""
    tenant = get_or_create_tenant(session, tenant_name, by)
    return create_person(session, tenant.id, person_name, by)


def recognise_key(session: Session, secret: str) -> KeyHolder:
    """Find who holds this secret.

    Raises:
        KeyUnknown: no such key, or it was revoked, has ended, or its person was shut out.
    """
    return find_holder(session, by_secret(secret))


def recognise_key_id(session: Session, key_id: UUID) -> KeyHolder:
    """Find the holder of a key that was recognised before, as a page's session remembers it.

    Raises:
        KeyUnknown: it is no longer in force.
    """
    return find_holder(session, by_id(key_id))


def list_keys(session: Session, tenant_id: UUID) -> list[tuple[ApiKey, Person]]:
    """The keys of a tenant that are in force, with who holds them, the newest first."""
    query = (
        select(ApiKey, Person)
        .join(Person, Person.id == ApiKey.person_id)
        .where(ApiKey.tenant_id == tenant_id, _is_in_force())
    )
    return [
        (key, person) for key, person in session.execute(query.order_by(ApiKey.created_at.desc()))
    ]


def rotate_key(
    session: Session,
    tenant_id: UUID,
    key_id: UUID,
    by: Actor,
    *,
    overlap_hours: float = OVERLAP_HOURS,
) -> str:
    """Make a key like this one; the old one ends after the overlap, or when it would have before.

    Raises:
        NotAmongYours: no such key of this tenant is in force.
    """
    old, person = find_key(session, tenant_id, key_id)
    secret = create_key(session, person, name=old.name, role=old.role, by=by)
    old.expires_at = func.least(old.expires_at, func.now() + timedelta(hours=overlap_hours))
    record(
        session, by, "key.rotated", tenant_id=tenant_id, target=key_id, overlap_hours=overlap_hours
    )
    return secret


def find_key(session: Session, tenant_id: UUID, key_id: UUID) -> tuple[ApiKey, Person]:
    """A key of this tenant that is in force, and who holds it.

    Raises:
        NotAmongYours: there is none, or it is another tenant's: the two are not told apart.
    """
    row = session.execute(
        select(ApiKey, Person)
        .join(Person, Person.id == ApiKey.person_id)
        .where(ApiKey.id == key_id, ApiKey.tenant_id == tenant_id, _is_in_force())
    ).first()
    if row is None:
        raise NotAmongYours("There is no such key in force among yours.")
    key, person = row
    return key, person


def revoke_key_id(session: Session, tenant_id: UUID, key_id: UUID, by: Actor) -> None:
    """Put a key out of force from now on.

    Raises:
        NotAmongYours: as for `find_key`.
    """
    key, _ = find_key(session, tenant_id, key_id)
    key.revoked_at = func.now()
    record(session, by, "key.revoked", tenant_id=tenant_id, target=key_id)


def revoke_key(session: Session, secret: str, by: Actor = SERVICE) -> None:
    """Put a key out of force by the secret itself, as whoever finds a leaked one can.

    Raises:
        KeyUnknown: it is not in force now.
    """
    holder = recognise_key(session, secret)
    revoke_key_id(session, holder.tenant_id, holder.key_id, by)


def by_secret(secret: str) -> WhichKey:
    """The key with this secret."""
    return WhichKey("secret_sha256", hash_secret(secret))


def by_id(key_id: UUID) -> WhichKey:
    """The key with this id."""
    return WhichKey("id", key_id)


def find_holder(session: Session, which: WhichKey) -> KeyHolder:
    """Who holds the key.

    Raises:
        KeyUnknown: no such key is in force.
    """
    return holder_of(session.scalar(select_key(which.column), {"key": which.value}))


@cache
def select_key(column: KeyColumn) -> Select[ApiKey]:
    """The key whose column is the parameter `key`, if it is in force.

    Put together once, like all of a look-up's statement: that costs more than to run it.
    """
    return (
        select(ApiKey)
        .join(Person, Person.id == ApiKey.person_id)
        .where(getattr(ApiKey, column) == bindparam("key"), _is_in_force())
    )


def holder_of(key: ApiKey | None) -> KeyHolder:
    """Who holds a key that was found.

    Raises:
        KeyUnknown: none was.
    """
    if key is None:
        raise KeyUnknown("This key is not known here, or it is no longer in force.")
    return KeyHolder(key.id, key.tenant_id, key.role, key.person_id)


def _is_in_force() -> ColumnElement[bool]:
    return and_(
        ApiKey.revoked_at.is_(None),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()),
        Person.disabled_at.is_(None),
    )
