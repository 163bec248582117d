"""Where a trace goes on, beside the work that it is of."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = ("checks", "webhook_events", "errands")


def upgrade() -> None:
    # Null in all rows that there are: none is written anew.
    for table in TABLES:
        op.add_column(table, sa.Column("traceparent", sa.String(), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "traceparent")
