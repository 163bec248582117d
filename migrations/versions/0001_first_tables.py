"""First tables: tenants, people, keys, images, models, scores, checks, verdicts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "images",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("media_type", sa.String(), nullable=True),
        sa.Column("width_px", sa.Integer(), nullable=True),
        sa.Column("height_px", sa.Integer(), nullable=True),
        sa.Column("pixels_sha256", sa.String(length=64), nullable=True),
        sa.Column(
            "limits",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_images")),
    )
    op.create_index("images_by_pixels", "images", ["pixels_sha256"], unique=False)
    op.create_table(
        "model_versions",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("threshold_version", sa.String(), nullable=False),
        sa.Column("likely_ai_at", sa.Double(), nullable=False),
        sa.Column("no_evidence_below", sa.Double(), nullable=False),
        sa.Column("min_side_px", sa.Integer(), nullable=False),
        sa.Column("is_live", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_model_versions")),
    )
    op.create_index(
        "one_live_model",
        "model_versions",
        ["is_live"],
        unique=True,
        postgresql_where=sa.text("is_live"),
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("name", name=op.f("uq_tenants_name")),
    )
    op.create_table(
        "checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("page_url", sa.String(), nullable=True),
        sa.Column("image_sha256", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(), server_default="queued", nullable=False),
        sa.Column("urgency", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "run_after", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'fetching', 'detecting', 'done', 'failed')",
            name=op.f("ck_checks_status_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["image_sha256"], ["images.sha256"], name=op.f("fk_checks_image_sha256")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_checks_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checks")),
    )
    op.create_index("checks_by_image", "checks", ["tenant_id", "image_sha256"], unique=False)
    op.create_index(
        "checks_by_subject", "checks", ["tenant_id", "subject", "finished_at"], unique=False
    )
    op.create_index(
        "checks_waiting",
        "checks",
        ["status", "urgency", "created_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'fetching', 'detecting')"),
    )
    op.create_index(
        "one_open_check",
        "checks",
        ["tenant_id", "subject"],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'fetching', 'detecting')"),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_people_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_table(
        "pixel_scores",
        sa.Column("pixels_sha256", sa.String(length=64), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("raw_score", sa.Double(), nullable=False),
        sa.Column("real_photo_p", sa.Double(), nullable=False),
        sa.Column("trace_distance", sa.Double(), nullable=False),
        sa.Column("calibration_count", sa.Integer(), nullable=False),
        sa.Column("coverage", sa.Double(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["model_version"],
            ["model_versions.version"],
            name=op.f("fk_pixel_scores_model_version"),
        ),
        sa.PrimaryKeyConstraint("pixels_sha256", "model_version", name=op.f("pk_pixel_scores")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('reader', 'moderator', 'integration', 'admin')",
            name=op.f("ck_api_keys_role_is_known"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_api_keys_person_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_api_keys_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_api_keys_secret_sha256")),
    )
    op.create_table(
        "verdicts",
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("pixels_sha256", sa.String(length=64), nullable=True),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("threshold_version", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("raw_score", sa.Double(), nullable=True),
        sa.Column("real_photo_p", sa.Double(), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "label IN ('likely_ai', 'uncertain', 'no_evidence', 'not_assessable')",
            name=op.f("ck_verdicts_label_is_known"),
        ),
        sa.ForeignKeyConstraint(["check_id"], ["checks.id"], name=op.f("fk_verdicts_check_id")),
        sa.ForeignKeyConstraint(
            ["model_version"], ["model_versions.version"], name=op.f("fk_verdicts_model_version")
        ),
        sa.ForeignKeyConstraint(
            ["pixels_sha256", "model_version"],
            ["pixel_scores.pixels_sha256", "pixel_scores.model_version"],
            name="fk_verdicts_pixel_score",
        ),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_verdicts")),
    )


def downgrade() -> None:
    op.drop_table("verdicts")
    op.drop_table("api_keys")
    op.drop_table("pixel_scores")
    op.drop_table("people")
    op.drop_index(
        "one_open_check",
        table_name="checks",
        postgresql_where=sa.text("status IN ('queued', 'fetching', 'detecting')"),
    )
    op.drop_index(
        "checks_waiting",
        table_name="checks",
        postgresql_where=sa.text("status IN ('queued', 'fetching', 'detecting')"),
    )
    op.drop_index("checks_by_subject", table_name="checks")
    op.drop_index("checks_by_image", table_name="checks")
    op.drop_table("checks")
    op.drop_table("tenants")
    op.drop_index(
        "one_live_model", table_name="model_versions", postgresql_where=sa.text("is_live")
    )
    op.drop_table("model_versions")
    op.drop_index("images_by_pixels", table_name="images")
    op.drop_table("images")
