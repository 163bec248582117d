"""The tables, as the service sees them. How they came to be is told in `migrations/versions/`.

A *check* is one request to judge one image; its row is also its place in the queue. An *image* is
bytes known by their hash. A *pixel score* belongs to decoded pixels and a model version, so that
two files with equal pixels share it. A *verdict* is what one check was told.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import BIT, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

STATUSES = ("queued", "fetching", "detecting", "done", "failed")
OPEN_STATUSES = ("queued", "fetching", "detecting")
ROLES = ("reader", "moderator", "integration", "admin")
STAGES = ("candidate", "refused", "canary", "live", "retired", "rolled_back")
SHAPES = ("standard", "coop_items", "coop_reports")
LABELS = ("likely_ai", "uncertain", "no_evidence", "not_assessable")

_IS_OPEN = text("status IN ('queued', 'fetching', 'detecting')")
_IS_WAITING = text("delivered_at IS NULL AND dead_at IS NULL")


def one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    """A constraint that lets a column hold these words alone, or null where it may be."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")


class Table(DeclarativeBase):
    """Root of the tables; constraints are named so that a migration can name them again."""

    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSONB}  # noqa: RUF012


Table.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Tenant(Table):
    """Whose checks, images and reviews these are; nobody else sees them."""

    __tablename__ = "tenants"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Person(Table):
    """Someone who may hold keys."""

    __tablename__ = "people"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]


class ApiKey(Table):
    """A secret that opens the API for one person. Only its hash is kept."""

    __tablename__ = "api_keys"
    __table_args__ = (one_of("role", ROLES),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str]
    role: Mapped[str]
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]
    # Set by a rotation: until then the old key still opens.
    expires_at: Mapped[datetime | None]


class Image(Table):
    """Bytes known by their hash; what the decoder found is filled in when it has looked."""

    __tablename__ = "images"
    __table_args__ = (Index("images_by_pixels", "pixels_sha256"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    byte_count: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    media_type: Mapped[str | None]
    width_px: Mapped[int | None]
    height_px: Mapped[int | None]
    pixels_sha256: Mapped[str | None] = mapped_column(String(64))
    # Of the other pictures that the file shows: later frames, another ground under transparency.
    further_pixels_sha256: Mapped[list[str]] = mapped_column(
        JSONB, server_default=text("'[]'::jsonb")
    )
    limits: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    # What the file says about itself (`scans/file_claims.py`); null until it has been read.
    provenance: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    # PDQ; null where there is too little in the picture to be told apart by it, and of old images.
    pdq: Mapped[str | None] = mapped_column(BIT(256), deferred=True)
    # Set when the bytes were removed by age or on request; the same bytes sent again clear it.
    bytes_removed_at: Mapped[datetime | None]


class FetchedUrl(Table):
    """What the last fetch of an address brought, if its host said how to ask for changes.

    Keyed by the hash of the canonical URL: an address can be longer than an index takes. The
    validators belong to `final_url`, after redirects, and are only good for it.
    """

    __tablename__ = "fetched_urls"
    __table_args__ = (Index("fetched_urls_by_image", "image_sha256"),)

    url_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    final_url: Mapped[str]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    image_sha256: Mapped[str] = mapped_column(ForeignKey("images.sha256", ondelete="CASCADE"))
    fetched_at: Mapped[datetime] = mapped_column(server_default=func.now())


class HostTurn(Table):
    """Until when a host's turns are given out. A row in the past says nothing and is removed."""

    __tablename__ = "host_turns"

    host: Mapped[str] = mapped_column(primary_key=True)
    paid_until: Mapped[datetime]


class ModelVersion(Table):
    """A detector that has run here, with the thresholds that its labels were decided by."""

    __tablename__ = "model_versions"
    __table_args__ = (
        one_of("stage", STAGES),
        Index("one_live_model", "is_live", unique=True, postgresql_where=text("is_live")),
        Index("one_canary", "stage", unique=True, postgresql_where=text("stage = 'canary'")),
    )

    version: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    threshold_version: Mapped[str]
    likely_ai_at: Mapped[float]
    no_evidence_below: Mapped[float]
    min_side_px: Mapped[int]
    is_live: Mapped[bool] = mapped_column(server_default=text("false"))
    # Where it stands in its life; null before a release that knows of it has seen it.
    stage: Mapped[str | None]
    # Of its `detector.json`, where its folder lies in the model store; null: a worker's setting
    # names the folder.
    stored_sha256: Mapped[str | None] = mapped_column(String(64))
    learned_from: Mapped[str | None] = mapped_column(ForeignKey("model_versions.version"))
    # The model that it took the place of: what a rollback puts back.
    replaced: Mapped[str | None] = mapped_column(ForeignKey("model_versions.version"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PixelScore(Table):
    """What one model version said about one array of pixels. The first answer stays."""

    __tablename__ = "pixel_scores"

    pixels_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    model_version: Mapped[str] = mapped_column(
        ForeignKey("model_versions.version"), primary_key=True
    )
    raw_score: Mapped[float]
    real_photo_p: Mapped[float]
    trace_distance: Mapped[float]
    calibration_count: Mapped[int]
    coverage: Mapped[float]
    doubts: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Check(Table):
    """One request to judge one image, and its place in the queue.

    `status` names the step that the check waits for or is in; `lease_until` says whether a worker
    holds it. `subject` is what is asked about: a canonical URL (of a long one `url-sha256:` and
    its hash), or `sha256:` and the hash of bytes.
    """

    __tablename__ = "checks"
    __table_args__ = (
        one_of("status", STATUSES),
        Index("one_open_check", "tenant_id", "subject", unique=True, postgresql_where=_IS_OPEN),
        Index("checks_by_turn", "status", "due_at", postgresql_where=_IS_OPEN),
        Index("checks_by_age", "tenant_id", "created_at", "id"),
        Index("checks_by_subject", "tenant_id", "subject", "finished_at"),
        Index("checks_by_image", "tenant_id", "image_sha256"),
        Index("checks_by_end", "finished_at"),
        Index("checks_by_any_image", "image_sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    subject: Mapped[str]
    url: Mapped[str | None]
    page_url: Mapped[str | None]
    image_sha256: Mapped[str | None] = mapped_column(ForeignKey("images.sha256"))
    status: Mapped[str] = mapped_column(server_default="queued")
    # 0 interactive, 1 moderation, 2 backfill. `due_at` follows from it: the place in the queue.
    urgency: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default="0")
    run_after: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    # Of the request that made the check, for the logs of all that work on it.
    request_id: Mapped[str | None]
    # Where the request's trace goes on (`scans/traces.py`); null: it was not traced.
    traceparent: Mapped[str | None]
    # What was sent is a screen's picture of the image: a limit of the verdict.
    is_from_screen: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    fetched_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    # An erased check keeps its row for the counts, and nothing of what it was about.
    erased_at: Mapped[datetime | None]

    image: Mapped[Image | None] = relationship(lazy="joined")
    verdict: Mapped["Verdict | None"] = relationship(back_populates="check", lazy="joined")


class Verdict(Table):
    """What a check was told, kept as it was said: with its model and threshold version."""

    __tablename__ = "verdicts"
    __table_args__ = (
        one_of("label", LABELS),
        ForeignKeyConstraint(
            ["pixels_sha256", "model_version"],
            ["pixel_scores.pixels_sha256", "pixel_scores.model_version"],
            name="fk_verdicts_pixel_score",
        ),
    )

    check_id: Mapped[UUID] = mapped_column(ForeignKey("checks.id"), primary_key=True)
    # Null where no pixels could be judged; then the scores are null too.
    pixels_sha256: Mapped[str | None] = mapped_column(String(64))
    model_version: Mapped[str] = mapped_column(ForeignKey("model_versions.version"))
    threshold_version: Mapped[str]
    label: Mapped[str]
    score: Mapped[float | None]
    raw_score: Mapped[float | None]
    real_photo_p: Mapped[float | None]
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    limits: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    check: Mapped[Check] = relationship(back_populates="verdict")
    model: Mapped[ModelVersion] = relationship(lazy="joined", viewonly=True)


class WebhookEndpoint(Table):
    """Where a tenant wants to be told of what happens to its checks.

    Both secrets are sealed (`scans/webhook_secrets.py`), since signing needs them back.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        one_of("shape", SHAPES),
        Index("webhook_endpoints_by_tenant", "tenant_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    url: Mapped[str]
    events: Mapped[list[str]] = mapped_column(JSONB)
    # Of the verdicts that are told; null: all.
    labels: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    # How it is told: by Standard Webhooks, or as ROOST Coop takes it (`scans/coop_messages.py`).
    shape: Mapped[str] = mapped_column(server_default="standard")
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    sealed_secret: Mapped[str]
    previous_sealed_secret: Mapped[str | None]
    previous_secret_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebhookEvent(Table):
    """Something that happened, as it is told. Its id is the same on each delivery."""

    __tablename__ = "webhook_events"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    type: Mapped[str]
    payload: Mapped[dict[str, Any]]
    # Where the trace of what happened goes on; null: it was not traced.
    traceparent: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebhookDelivery(Table):
    """One event on its way to one endpoint, and its place in the queue.

    It waits until `delivered_at` or `dead_at` is set; `lease_until` says whether a worker holds it.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id"),
        Index("webhook_deliveries_waiting", "next_attempt_at", postgresql_where=_IS_WAITING),
        Index(
            "webhook_deliveries_held",
            "endpoint_id",
            postgresql_where=text("lease_token IS NOT NULL"),
        ),
        Index("webhook_deliveries_by_endpoint", "endpoint_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    event_id: Mapped[str] = mapped_column(ForeignKey("webhook_events.id"))
    endpoint_id: Mapped[UUID] = mapped_column(
        ForeignKey("webhook_endpoints.id", ondelete="CASCADE")
    )
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    event: Mapped[WebhookEvent] = relationship(lazy="joined")
