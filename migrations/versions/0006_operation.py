"""Which request asked for a check, and when its image was had: for logs and figures by stage.

The index is made beside the running release, outside of a transaction, so what was done before
stays where it fails: each step can be run again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("checks", sa.Column("request_id", sa.String()), if_not_exists=True)
    op.add_column("checks", sa.Column("fetched_at", sa.DateTime(timezone=True)), if_not_exists=True)
    with op.get_context().autocommit_block():
        drop_index()  # one that was broken off is there, and of no use
        op.create_index("checks_by_end", "checks", ["finished_at"], postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        drop_index()
    op.drop_column("checks", "fetched_at", if_exists=True)
    op.drop_column("checks", "request_id", if_exists=True)


def drop_index() -> None:
    op.drop_index("checks_by_end", "checks", if_exists=True, postgresql_concurrently=True)
