"""What a fetch leaves for the next one: validators of known images, and hosts' turns."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fetched_urls",
        sa.Column("url_sha256", sa.String(length=64), nullable=False),
        sa.Column("final_url", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("last_modified", sa.String(), nullable=True),
        sa.Column("image_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "fetched_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["image_sha256"],
            ["images.sha256"],
            name=op.f("fk_fetched_urls_image_sha256"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("url_sha256", name=op.f("pk_fetched_urls")),
    )
    op.create_index("fetched_urls_by_image", "fetched_urls", ["image_sha256"], unique=False)
    op.create_table(
        "host_turns",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("paid_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_host_turns")),
    )


def downgrade() -> None:
    op.drop_table("host_turns")
    op.drop_table("fetched_urls")
