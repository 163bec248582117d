"""Batches, kept answers, feedback, appeals, reviews; and the order in which checks take turns."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # First and beside the running release, so that a step that gave up can be run again.
    with op.get_context().autocommit_block():
        op.drop_index("checks_by_age", "checks", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            "checks_by_age",
            "checks",
            ["tenant_id", "created_at", "id"],
            postgresql_concurrently=True,
        )
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_batches_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_table(
        "idempotent_answers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column(
            "headers", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_idempotent_answers_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_idempotent_answers")),
    )
    op.create_index("idempotent_answers_by_age", "idempotent_answers", ["created_at"], unique=False)
    op.create_table(
        "batch_items",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_items_batch_id")),
        sa.ForeignKeyConstraint(["check_id"], ["checks.id"], name=op.f("fk_batch_items_check_id")),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_batch_items")),
    )
    op.create_index("batch_items_by_check", "batch_items", ["check_id"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("picture", sa.String(length=64), nullable=False),
        sa.Column("pdq", sa.String(length=64), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("says", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column(
            "flags",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role IN ('reader', 'moderator', 'integration', 'admin')",
            name=op.f("ck_feedback_role_is_known"),
        ),
        sa.CheckConstraint(
            "says IN ('ai', 'real', 'unsure')", name=op.f("ck_feedback_says_is_known")
        ),
        sa.ForeignKeyConstraint(["check_id"], ["checks.id"], name=op.f("fk_feedback_check_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_feedback_person_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_feedback_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index("feedback_by_check", "feedback", ["check_id"], unique=False)
    op.create_index("feedback_by_person", "feedback", ["person_id", "created_at"], unique=False)
    op.create_index(
        "feedback_by_picture", "feedback", ["tenant_id", "picture", "created_at"], unique=False
    )
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE TRIGGER feedback_is_append_only BEFORE UPDATE ON feedback"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("image_sha256", sa.String(length=64), nullable=False),
        sa.Column("picture", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("status", sa.String(), server_default="waiting", nullable=False),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("claimed_by", sa.Uuid(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "skipped_by",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("outcome_reason", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('ai', 'real', 'unsure')", name=op.f("ck_reviews_outcome_is_known")
        ),
        sa.CheckConstraint(
            "reason IN ('appeal', 'contradiction', 'uncertain', 'spot_check')",
            name=op.f("ck_reviews_reason_is_known"),
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'decided')", name=op.f("ck_reviews_status_is_known")
        ),
        sa.ForeignKeyConstraint(["check_id"], ["checks.id"], name=op.f("fk_reviews_check_id")),
        sa.ForeignKeyConstraint(["claimed_by"], ["people.id"], name=op.f("fk_reviews_claimed_by")),
        sa.ForeignKeyConstraint(
            ["image_sha256"], ["images.sha256"], name=op.f("fk_reviews_image_sha256")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_reviews_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(
        "one_waiting_review",
        "reviews",
        ["tenant_id", "picture"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index("reviews_by_check", "reviews", ["check_id"], unique=False)
    op.create_index("reviews_by_image", "reviews", ["tenant_id", "image_sha256"], unique=False)
    op.create_index("reviews_by_picture", "reviews", ["tenant_id", "picture"], unique=False)
    op.create_index(
        "reviews_by_turn", "reviews", ["tenant_id", "status", "due_at", "id"], unique=False
    )
    op.create_table(
        "appeals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["check_id"], ["checks.id"], name=op.f("fk_appeals_check_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_appeals_person_id")),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_appeals_review_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_appeals_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
    )
    op.create_index("appeals_by_review", "appeals", ["review_id"], unique=False)
    op.create_index("one_appeal_of_a_person", "appeals", ["check_id", "person_id"], unique=True)
    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("says", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "says IN ('ai', 'real', 'unsure')", name=op.f("ck_decisions_says_is_known")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_decisions_person_id")),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_decisions_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(
        "one_decision_of_a_person",
        "decisions",
        ["review_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "regression_cases",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("image_sha256", sa.String(length=64), nullable=False),
        sa.Column("expected", sa.String(), nullable=False),
        sa.Column("wrong_label", sa.String(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["image_sha256"], ["images.sha256"], name=op.f("fk_regression_cases_image_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["model_version"],
            ["model_versions.version"],
            name=op.f("fk_regression_cases_model_version"),
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_regression_cases_review_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_regression_cases_tenant_id")
        ),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_regression_cases")),
    )
    op.add_column(
        "checks",
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
    )
    # Those that wait keep their places. Each step of urgency counts ten minutes (scans/queue.py).
    op.execute(
        "UPDATE checks SET due_at = created_at + urgency * interval '10 minutes'"
        " WHERE status IN ('queued', 'fetching', 'detecting')"
    )
    op.drop_index("checks_waiting", table_name="checks")
    op.create_index(
        "checks_by_turn",
        "checks",
        ["status", "due_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'fetching', 'detecting')"),
    )


def downgrade() -> None:
    op.drop_index(
        "checks_by_turn",
        table_name="checks",
        postgresql_where=sa.text("status IN ('queued', 'fetching', 'detecting')"),
    )
    op.drop_index("checks_by_age", table_name="checks")
    op.create_index(
        "checks_waiting",
        "checks",
        ["status", "urgency", "created_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'fetching', 'detecting')"),
    )
    op.drop_column("checks", "due_at")
    op.drop_table("regression_cases")
    op.drop_index(
        "one_decision_of_a_person",
        table_name="decisions",
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.drop_table("decisions")
    op.drop_index("one_appeal_of_a_person", table_name="appeals")
    op.drop_index("appeals_by_review", table_name="appeals")
    op.drop_table("appeals")
    op.drop_index("reviews_by_turn", table_name="reviews")
    op.drop_index("reviews_by_picture", table_name="reviews")
    op.drop_index("reviews_by_image", table_name="reviews")
    op.drop_index("reviews_by_check", table_name="reviews")
    op.drop_index(
        "one_waiting_review", table_name="reviews", postgresql_where=sa.text("status = 'waiting'")
    )
    op.drop_table("reviews")
    op.drop_index("feedback_by_picture", table_name="feedback")
    op.drop_index("feedback_by_person", table_name="feedback")
    op.drop_index("feedback_by_check", table_name="feedback")
    op.drop_table("feedback")
    op.execute("DROP FUNCTION refuse_change()")
    op.drop_index("batch_items_by_check", table_name="batch_items")
    op.drop_table("batch_items")
    op.drop_index("idempotent_answers_by_age", table_name="idempotent_answers")
    op.drop_table("idempotent_answers")
    op.drop_table("batches")
