"""Policies in rows: the one in force, its earlier versions, and what another would have done."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.errors import PolicyChanged
from scans.policy_rules import Facts, Policy, find_provenance, read_policy
from scans.policy_tables import PolicyVersion
from scans.queue import URGENCIES
from scans.tables import Check, Verdict

PAST_CHECKS = 1000
KINDS = {number: kind for kind, number in URGENCIES.items()}


def kind_of_urgency(urgency: int) -> str:
    """The kind of a check, by its place in the queue."""
    return KINDS.get(urgency, "interactive")


def find_newest(session: Session, tenant_id: UUID) -> PolicyVersion | None:
    """The version in force; None where the tenant has never saved one."""
    return session.scalar(
        select(PolicyVersion)
        .where(PolicyVersion.tenant_id == tenant_id)
        .order_by(PolicyVersion.number.desc())
        .limit(1)
    )


def find_policy(session: Session, tenant_id: UUID) -> Policy:
    """The policy in force; the empty one leaves everything to the built-in rule."""
    newest = find_newest(session, tenant_id)
    return read_policy(newest.text) if newest else ()


def list_versions(session: Session, tenant_id: UUID, limit: int) -> Sequence[PolicyVersion]:
    """The newest versions, the newest first."""
    query = select(PolicyVersion).where(PolicyVersion.tenant_id == tenant_id)
    return session.scalars(query.order_by(PolicyVersion.number.desc()).limit(limit)).all()


def save_policy(
    session: Session, tenant_id: UUID, person_id: UUID, text: str, *, seen_number: int
) -> int:
    """Keep a new version, whose effect was shown beside version `seen_number` (0: none).

    Raises:
        PolicyInvalid: the text is none.
        PolicyChanged: another version was saved meanwhile.
    """
    read_policy(text)
    newest = find_newest(session, tenant_id)
    made: int | None = None
    if (newest.number if newest else 0) == seen_number:
        made = session.scalar(
            insert(PolicyVersion)
            .values(tenant_id=tenant_id, number=seen_number + 1, text=text, person_id=person_id)
            .on_conflict_do_nothing()
            .returning(PolicyVersion.number)
        )
    if made is None:
        raise PolicyChanged("Someone saved another policy meanwhile. Look at the effect again.")
    return made


def read_past(session: Session, tenant_id: UUID) -> list[Facts]:
    """The tenant's last thousand verdicts, as a policy sees them."""
    rows = session.execute(
        select(Verdict.label, Verdict.evidence, Check.urgency)
        .join(Check, Check.id == Verdict.check_id)
        .where(Check.tenant_id == tenant_id)
        .order_by(Verdict.created_at.desc())
        .limit(PAST_CHECKS)
    )
    return [
        Facts(label, find_provenance(evidence), kind_of_urgency(urgency))
        for label, evidence, urgency in rows
    ]
