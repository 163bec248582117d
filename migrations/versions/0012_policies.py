"""Policies, and reviews that a policy asks for."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

REASONS = "'appeal', 'contradiction', 'uncertain', 'spot_check'"
NAME = "ck_reviews_reason_is_known"


def upgrade() -> None:
    op.create_table(
        "policy_versions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_policy_versions_tenant_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_policy_versions_person_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "number", name=op.f("pk_policy_versions")),
    )
    # The new words are more than the old ones, so the running release's rows all pass.
    op.drop_constraint(op.f(NAME), "reviews")
    op.create_check_constraint(op.f(NAME), "reviews", f"reason IN ({REASONS}, 'policy')")


def downgrade() -> None:
    op.execute("UPDATE reviews SET reason = 'spot_check' WHERE reason = 'policy'")
    op.drop_constraint(op.f(NAME), "reviews")
    op.create_check_constraint(op.f(NAME), "reviews", f"reason IN ({REASONS})")
    op.drop_table("policy_versions")
