"""Which request asked for a check, and when its image was had: for logs and figures by stage."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("checks", sa.Column("request_id", sa.String(), nullable=True))
    op.add_column("checks", sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True))
    # The old release serves meanwhile: an index that is made at once would stop its writing.
    with op.get_context().autocommit_block():
        op.create_index("checks_by_end", "checks", ["finished_at"], postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("checks_by_end", "checks", postgresql_concurrently=True)
    op.drop_column("checks", "fetched_at")
    op.drop_column("checks", "request_id")
