"""ROOST Coop: its key, its items, its callbacks; and endpoints that speak as it does."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    add_shapes()
    op.create_table(
        "coop_connections",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("public_key_pem", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_coop_connections_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_coop_connections")),
    )
    create_items()
    create_actions()


def add_shapes() -> None:
    labels = sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    op.add_column("webhook_endpoints", labels)
    op.add_column(
        "webhook_endpoints",
        sa.Column("shape", sa.String(), server_default="standard", nullable=False),
    )
    op.add_column(
        "webhook_endpoints",
        sa.Column(
            "options",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.create_check_constraint(
        op.f("ck_webhook_endpoints_shape_is_known"),
        "webhook_endpoints",
        "shape IN ('standard', 'coop_items', 'coop_reports')",
    )


def create_items() -> None:
    op.create_table(
        "coop_items",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("item_type", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_coop_items_tenant_id")
        ),
        sa.ForeignKeyConstraint(["check_id"], ["checks.id"], name=op.f("fk_coop_items_check_id")),
        sa.PrimaryKeyConstraint("tenant_id", "item_id", "check_id", name=op.f("pk_coop_items")),
    )
    op.create_index("coop_items_by_check", "coop_items", ["check_id"])


def create_actions() -> None:
    op.create_table(
        "coop_actions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("says", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_coop_actions_tenant_id")
        ),
        sa.ForeignKeyConstraint(["check_id"], ["checks.id"], name=op.f("fk_coop_actions_check_id")),
        sa.PrimaryKeyConstraint("tenant_id", "body_sha256", name=op.f("pk_coop_actions")),
    )


def downgrade() -> None:
    op.drop_table("coop_actions")
    op.drop_table("coop_items")
    op.drop_table("coop_connections")
    op.drop_constraint(op.f("ck_webhook_endpoints_shape_is_known"), "webhook_endpoints")
    for column in ("options", "shape", "labels"):
        op.drop_column("webhook_endpoints", column)
