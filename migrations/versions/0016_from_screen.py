"""Whether the bytes of a check are a screen's picture of the image."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A constant default: no row is written anew (PostgreSQL 11 and later).
    op.add_column(
        "checks",
        sa.Column("is_from_screen", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("checks", "is_from_screen")
