"""How models come and go: their stages, runs of retraining, reports of each step, the shadow."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STAGES = "'candidate', 'refused', 'canary', 'live', 'retired', 'rolled_back'"
OUTCOMES = "'canary', 'refused', 'too_few_labels', 'failed'"
LABELS = "'likely_ai', 'uncertain', 'no_evidence', 'not_assessable'"


def upgrade() -> None:
    add_stages()
    create_retrainings()
    create_reports()
    create_shadow_scores()
    create_drift_figures()


def add_stages() -> None:
    for column in ("stage", "learned_from", "replaced"):
        op.add_column("model_versions", sa.Column(column, sa.String(), nullable=True))
    op.add_column("model_versions", sa.Column("stored_sha256", sa.String(64), nullable=True))
    for column in ("learned_from", "replaced"):
        op.create_foreign_key(
            op.f(f"fk_model_versions_{column}"),
            "model_versions",
            "model_versions",
            [column],
            ["version"],
        )
    op.create_check_constraint(
        op.f("ck_model_versions_stage_is_known"), "model_versions", f"stage IN ({STAGES})"
    )
    op.create_index(
        "one_canary",
        "model_versions",
        ["stage"],
        unique=True,
        postgresql_where=sa.text("stage = 'canary'"),
    )


def create_retrainings() -> None:
    op.create_table(
        "retrainings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("learned_from", sa.String(), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        moment("started_at"),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            f"outcome IN ({OUTCOMES})", name=op.f("ck_retrainings_outcome_is_known")
        ),
        of_model("retrainings", "learned_from"),
        of_model("retrainings", "version"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retrainings")),
    )
    op.create_index(
        "one_open_retraining",
        "retrainings",
        [sa.text("(finished_at IS NULL)")],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL"),
    )


def create_reports() -> None:
    op.create_table(
        "model_reports",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        moment("created_at"),
        of_model("model_reports", "model_version"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_reports")),
    )
    op.create_index("model_reports_by_version", "model_reports", ["model_version", "id"])


def create_shadow_scores() -> None:
    op.create_table(
        "shadow_scores",
        sa.Column("pixels_sha256", sa.String(64), nullable=False),
        sa.Column("canary_version", sa.String(), nullable=False),
        sa.Column("live_version", sa.String(), nullable=False),
        sa.Column("live_score", sa.Float(), nullable=False),
        sa.Column("live_label", sa.String(), nullable=False),
        sa.Column("canary_score", sa.Float(), nullable=False),
        sa.Column("canary_label", sa.String(), nullable=False),
        moment("created_at"),
        *(
            sa.CheckConstraint(
                f"{column} IN ({LABELS})", name=op.f(f"ck_shadow_scores_{column}_is_known")
            )
            for column in ("live_label", "canary_label")
        ),
        of_model("shadow_scores", "canary_version"),
        of_model("shadow_scores", "live_version"),
        sa.PrimaryKeyConstraint("pixels_sha256", "canary_version", name=op.f("pk_shadow_scores")),
    )


def create_drift_figures() -> None:
    op.create_table(
        "drift_figures",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("score_index", sa.Float(), nullable=True),
        sa.Column("rarity_index", sa.Float(), nullable=True),
        sa.Column("martingale", sa.Float(), nullable=False),
        sa.Column("uncertain_share", sa.Float(), nullable=False),
        sa.Column("decided", sa.Integer(), nullable=False),
        sa.Column("agreed", sa.Integer(), nullable=False),
        sa.Column("examples", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_alarming", sa.Boolean(), nullable=False),
        moment("measured_at"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_drift_figures_tenant_id")
        ),
        of_model("drift_figures", "model_version"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "week", "model_version", name=op.f("pk_drift_figures")
        ),
    )


def moment(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def of_model(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["model_versions.version"], name=op.f(f"fk_{table}_{column}")
    )


def downgrade() -> None:
    for table in ("drift_figures", "shadow_scores", "model_reports", "retrainings"):
        op.drop_table(table)
    op.drop_index("one_canary", "model_versions")
    op.drop_constraint(op.f("ck_model_versions_stage_is_known"), "model_versions")
    for column in ("replaced", "learned_from"):
        op.drop_constraint(op.f(f"fk_model_versions_{column}"), "model_versions")
    for column in ("stored_sha256", "replaced", "learned_from", "stage"):
        op.drop_column("model_versions", column)
