"""Connections to other systems, and what is to be done there when checks end."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

EMPTY = sa.text("'{}'::jsonb")


def upgrade() -> None:
    create_connections()
    create_errands()
    create_errand_checks()
    know_reasons("'appeal', 'contradiction', 'flagged', 'uncertain', 'policy', 'spot_check'")


def know_reasons(words: str) -> None:
    """Let reviews have one reason more."""
    op.drop_constraint(op.f("ck_reviews_reason_is_known"), "reviews")
    op.create_check_constraint(
        op.f("ck_reviews_reason_is_known"), "reviews", f"reason IN ({words})"
    )


def create_connections() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("options", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("sealed_secrets", sa.String(), nullable=True),
        sa.Column("secret_sha256", sa.String(length=64), nullable=True),
        moment("created_at", is_now=True),
        sa.CheckConstraint(
            "kind IN ('mastodon', 'ozone', 'matrix', 'pict_rs')",
            name=op.f("ck_connections_kind_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_connections_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_connections_secret_sha256")),
    )
    op.create_index("connections_by_tenant", "connections", ["tenant_id", "created_at"])


def create_errands() -> None:
    op.create_table(
        "errands",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        moment("next_attempt_at", is_now=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        moment("lease_until"),
        moment("done_at"),
        moment("dead_at"),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        moment("created_at", is_now=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_errands_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errands")),
        sa.UniqueConstraint(
            "connection_id", "external_id", name=op.f("uq_errands_connection_id_external_id")
        ),
    )
    op.create_index(
        "errands_waiting",
        "errands",
        ["next_attempt_at"],
        postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
    )
    op.create_index("errands_by_connection", "errands", ["connection_id", "created_at", "id"])


def create_errand_checks() -> None:
    op.create_table(
        "errand_checks",
        sa.Column("errand_id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("media", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["errand_id"],
            ["errands.id"],
            name=op.f("fk_errand_checks_errand_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["check_id"], ["checks.id"], name=op.f("fk_errand_checks_check_id")
        ),
        sa.PrimaryKeyConstraint("errand_id", "check_id", name=op.f("pk_errand_checks")),
    )
    op.create_index("errand_checks_by_check", "errand_checks", ["check_id"])


def moment(name: str, *, is_now: bool = False) -> sa.Column[datetime]:
    """A moment; one that is now by default is never null."""
    default = sa.text("now()") if is_now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not is_now)


def downgrade() -> None:
    op.execute("UPDATE reviews SET reason = 'uncertain' WHERE reason = 'flagged'")
    know_reasons("'appeal', 'contradiction', 'uncertain', 'policy', 'spot_check'")
    op.drop_table("errand_checks")
    op.drop_table("errands")
    op.drop_table("connections")
