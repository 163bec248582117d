"""Where a trace goes on, beside the work that it is of; and the sessions that were signed out."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TRACED_TABLES = ("checks", "webhook_events", "errands")


def upgrade() -> None:
    # Null in all rows that there are: none is written anew.
    for table in TRACED_TABLES:
        op.add_column(table, sa.Column("traceparent", sa.String(), nullable=True))
    op.create_table(
        "ended_sessions",
        sa.Column("session_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "ended_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("session_sha256", name=op.f("pk_ended_sessions")),
    )


def downgrade() -> None:
    op.drop_table("ended_sessions")
    for table in TRACED_TABLES:
        op.drop_column(table, "traceparent")
