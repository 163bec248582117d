"""Coop's items and our checks: which belong together, and what was decided of them there."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scans.checks import find_check
from scans.coop_tables import CoopAction, CoopConnection, CoopItem
from scans.errors import CoopItemAmbiguous, CoopItemUnknown, CoopNotConnected
from scans.tables import Check


@dataclass(frozen=True, slots=True)
class CoopItemName:
    """What Coop calls an item: its id, unique within its type."""

    item_id: str
    item_type: str | None = None


def connect_coop(session: Session, tenant_id: UUID, public_key_pem: str) -> None:
    """Set, or replace, the key that the tenant's Coop signs with."""
    values = {"tenant_id": tenant_id, "public_key_pem": public_key_pem}
    session.execute(
        insert(CoopConnection)
        .values(values)
        .on_conflict_do_update(index_elements=["tenant_id"], set_=values)
    )


def find_public_key(session: Session, tenant_id: UUID) -> str:
    """The key that the tenant's Coop signs with.

    Raises:
        CoopNotConnected: none was set.
    """
    connection = session.get(CoopConnection, tenant_id)
    if connection is None:
        raise CoopNotConnected("Set the verification key first: PUT /v1/integrations/coop.")
    return connection.public_key_pem


def remember_item(session: Session, check: Check, item: CoopItemName) -> None:
    """Note that a check is of this item's image; once, however often it is asked."""
    session.execute(
        insert(CoopItem)
        .values(
            tenant_id=check.tenant_id,
            item_id=item.item_id,
            item_type=item.item_type,
            check_id=check.id,
        )
        .on_conflict_do_nothing()
    )


def find_check_of_item(session: Session, tenant_id: UUID, item: CoopItemName) -> Check:
    """The check that an item stands for: its image's newest, or the one that the item is named for.

    Raises:
        CoopItemUnknown: no image of such an item was checked for this tenant.
        CoopItemAmbiguous: the item has several images, so a word on it says nothing of one.
    """
    if own := _check_named(session, tenant_id, item.item_id):
        return own
    query = (
        select(Check)
        .join(CoopItem, CoopItem.check_id == Check.id)
        .where(CoopItem.tenant_id == tenant_id, CoopItem.item_id == item.item_id)
        .order_by(Check.created_at.desc())
    )
    if item.item_type is not None:
        same_type = or_(CoopItem.item_type.is_(None), CoopItem.item_type == item.item_type)
        query = query.where(same_type)
    found = session.scalars(query).all()
    if not found:
        raise CoopItemUnknown("No image of this item was checked here.")
    if len({check.subject for check in found}) > 1:
        raise CoopItemAmbiguous("This item has several images; decide on them one by one.")
    return found[0]


def take_action(session: Session, check: Check, body: bytes, says: str) -> bool:
    """Whether this callback is new; then it is noted, in the caller's transaction."""
    noted = session.scalar(
        insert(CoopAction)
        .values(
            tenant_id=check.tenant_id,
            body_sha256=hashlib.sha256(body).hexdigest(),
            check_id=check.id,
            says=says,
        )
        .on_conflict_do_nothing()
        .returning(CoopAction.check_id)
    )
    return noted is not None


def _check_named(session: Session, tenant_id: UUID, item_id: str) -> Check | None:
    """Items that we sent to Coop bear the id of their check."""
    try:
        check_id = UUID(item_id)
    except ValueError:
        return None
    return find_check(session, tenant_id, check_id)
