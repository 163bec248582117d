"""Tenants and their people."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scans.audit_log import Actor, record
from scans.errors import NotAmongYours
from scans.tables import Person, Tenant


def get_or_create_tenant(session: Session, name: str, by: Actor) -> Tenant:
    """The tenant of that name; made if there is none."""
    tenant = session.scalar(select(Tenant).where(Tenant.name == name))
    if tenant is None:
        tenant = Tenant(name=name)
        session.add(tenant)
        session.flush()
        record(session, by, "tenant.created", tenant_id=tenant.id, target=tenant.id, name=name)
    return tenant


def find_tenant(session: Session, name: str) -> Tenant:
    """The tenant of that name.

    Raises:
        NotAmongYours: there is none.
    """
    tenant = session.scalar(select(Tenant).where(Tenant.name == name))
    if tenant is None:
        raise NotAmongYours(f"There is no tenant named {name}.")
    return tenant


def list_tenants(session: Session) -> list[Tenant]:
    """All tenants, by name."""
    return list(session.scalars(select(Tenant).order_by(Tenant.name)))


def create_person(session: Session, tenant_id: UUID, name: str, by: Actor) -> Person:
    """Make a person who may hold keys."""
    person = Person(tenant_id=tenant_id, name=name)
    session.add(person)
    session.flush()
    record(session, by, "person.created", tenant_id=tenant_id, target=person.id, name=name)
    return person


def find_person(session: Session, tenant_id: UUID, person_id: UUID) -> Person:
    """A person of this tenant who is not disabled.

    Raises:
        NotAmongYours: there is none, or they are another tenant's: the two are not told apart.
    """
    person = session.scalar(
        select(Person).where(
            Person.id == person_id, Person.tenant_id == tenant_id, Person.disabled_at.is_(None)
        )
    )
    if person is None:
        raise NotAmongYours("There is no such person among yours.")
    return person


def find_person_by_name(session: Session, tenant_id: UUID, name: str) -> Person | None:
    """The first person of that name who is not disabled; names need not be unique."""
    query = select(Person).where(
        Person.tenant_id == tenant_id, Person.name == name, Person.disabled_at.is_(None)
    )
    return session.scalar(query.order_by(Person.created_at).limit(1))


def list_people(session: Session, tenant_id: UUID) -> list[Person]:
    """The people of a tenant, disabled ones too, by name."""
    query = select(Person).where(Person.tenant_id == tenant_id)
    return list(session.scalars(query.order_by(Person.name, Person.created_at)))


def disable_person(session: Session, tenant_id: UUID, person_id: UUID, by: Actor) -> None:
    """Shut a person out: all their keys are refused from the next request on.

    Raises:
        NotAmongYours: as for `find_person`.
    """
    find_person(session, tenant_id, person_id).disabled_at = func.now()
    record(session, by, "person.disabled", tenant_id=tenant_id, target=person_id)
