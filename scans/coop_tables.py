"""The tables of ROOST Coop: whose signature counts, which items are known, what was taken in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from scans.tables import Table


class CoopConnection(Table):
    """A tenant's Coop: the public key that its requests are signed under."""

    __tablename__ = "coop_connections"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    public_key_pem: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CoopItem(Table):
    """An item of Coop's whose image was checked. An item with several images has several rows."""

    __tablename__ = "coop_items"
    __table_args__ = (Index("coop_items_by_check", "check_id"),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    check_id: Mapped[UUID] = mapped_column(ForeignKey("checks.id"), primary_key=True)
    # The name of the item's type, where Coop gave it: ids are unique within one type alone.
    item_type: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CoopAction(Table):
    """A callback that was taken in, by the hash of its body: sent again, it counts once."""

    __tablename__ = "coop_actions"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    check_id: Mapped[UUID] = mapped_column(ForeignKey("checks.id"))
    says: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
