"""Invitations: a link with a secret that makes one reader their own key, once."""

import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from scans.audit_log import Actor, record
from scans.errors import InvitationUnknown, NotAmongYours
from scans.keys import create_key, hash_secret
from scans.people import create_person
from scans.people_tables import Invitation

INVITATION_HOURS = 72
# What an invitation gives. More than that is given by an admin, to someone they know.
INVITED_ROLE = "reader"


def invite(
    session: Session, tenant_id: UUID, name: str, by: Actor, *, hours: int = INVITATION_HOURS
) -> tuple[Invitation, str]:
    """Make an invitation. The returned token is shown once; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        tenant_id=tenant_id,
        name=name,
        token_sha256=hash_secret(token),
        expires_at=func.now() + timedelta(hours=hours),
    )
    session.add(invitation)
    session.flush()
    session.refresh(invitation)
    record(session, by, "invitation.created", tenant_id=tenant_id, target=invitation.id, name=name)
    return invitation, token


def find_open_invitation(session: Session, token: str) -> Invitation:
    """The invitation of a link that can still be accepted.

    Raises:
        InvitationUnknown: no such link, or it was used, revoked, or is too old; not told apart.
    """
    condition = and_(Invitation.token_sha256 == hash_secret(token), _is_open())
    invitation = session.scalar(select(Invitation).where(condition))
    if invitation is None:
        raise InvitationUnknown("This invitation was used, has ended, or never was.")
    return invitation


def accept(session: Session, token: str, request_id: str | None) -> str:
    """Make the invited person and their key; returns the key. Of two at once, one gets it.

    Raises:
        InvitationUnknown: as for `find_open_invitation`.
    """
    taken = session.execute(
        update(Invitation)
        .where(Invitation.token_sha256 == hash_secret(token), _is_open())
        .values(accepted_at=func.now())
        .returning(Invitation.id, Invitation.tenant_id, Invitation.name)
    ).first()
    if taken is None:
        raise InvitationUnknown("This invitation was used, has ended, or never was.")
    by = Actor("invitation", request_id=request_id)
    record(session, by, "invitation.accepted", tenant_id=taken.tenant_id, target=taken.id)
    person = create_person(session, taken.tenant_id, taken.name, by)
    return create_key(session, person, name="by invitation", role=INVITED_ROLE, by=by)


def list_invitations(session: Session, tenant_id: UUID) -> list[Invitation]:
    """The invitations of a tenant that can still be accepted, the newest first."""
    query = select(Invitation).where(Invitation.tenant_id == tenant_id, _is_open())
    return list(session.scalars(query.order_by(Invitation.created_at.desc())))


def revoke_invitation(session: Session, tenant_id: UUID, invitation_id: UUID, by: Actor) -> None:
    """Close a link that was not used yet.

    Raises:
        NotAmongYours: there is none that is open among this tenant's.
    """
    closed = session.execute(
        update(Invitation)
        .where(Invitation.id == invitation_id, Invitation.tenant_id == tenant_id, _is_open())
        .values(revoked_at=func.now())
        .returning(Invitation.id)
    ).first()
    if closed is None:
        raise NotAmongYours("There is no such open invitation among yours.")
    record(session, by, "invitation.revoked", tenant_id=tenant_id, target=invitation_id)


def _is_open() -> ColumnElement[bool]:
    return and_(
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > func.now(),
    )
