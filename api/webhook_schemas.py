"""What the calls under `/v1/webhooks` take and give."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import LabelWord, Url
from scans.tables import LABELS
from scans.webhook_events import EVENT_TYPES

EventType = Literal["check.done", "check.failed", "check.reviewed", "check.flagged"]
EventTypes = Annotated[list[EventType], Field(min_length=1, max_length=len(EVENT_TYPES))]

Labels = Annotated[list[LabelWord], Field(min_length=1, max_length=len(LABELS))]


class WebhookRequest(BaseModel):
    """A new endpoint."""

    model_config = ConfigDict(extra="forbid")

    url: Url = Field(description="http or https address that takes our POST requests")
    events: EventTypes = Field(
        default=["check.done", "check.failed"], description="what to be told of"
    )
    labels: Labels | None = Field(
        default=None, description="of the verdicts to be told of; null for all"
    )


class WebhookChange(BaseModel):
    """What to change; a field that is not given stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    events: EventTypes | None = None
    labels: Labels | None = None
    is_enabled: bool | None = Field(
        default=None, description="false stops deliveries; true begins them again, also after a 410"
    )


class WebhookPath(BaseModel):
    """Names an endpoint."""

    webhook_id: UUID


class DeliveryPath(BaseModel):
    """Names a delivery."""

    delivery_id: UUID


class DeliveriesQuery(BaseModel):
    """Which deliveries, and how many at a time."""

    dead: bool = Field(default=False, description="only those that were given up")
    cursor: UUID | None = Field(default=None, description="`next_cursor` of the page before")
    limit: int = Field(default=50, ge=1, le=200)


class WebhookBody(BaseModel):
    """Where to tell of what happens."""

    id: UUID
    url: str
    events: list[str]
    labels: list[LabelWord] | None = Field(
        description="of the verdicts that are told; null for all"
    )
    shape: Literal["standard", "coop_items", "coop_reports"] = Field(
        description="standard: Standard Webhooks; else what ROOST Coop takes"
    )
    is_enabled: bool
    disabled_at: datetime | None
    disabled_reason: str | None = Field(
        description="by_owner, or receiver_gone where the receiver answered 410; more may come"
    )
    previous_secret_until: datetime | None = Field(
        description="until when the secret before the last rotation signs too"
    )
    created_at: datetime


class WebhookWithSecretBody(WebhookBody):
    """An endpoint with its secret, which is shown this once."""

    secret: str = Field(description="`whsec_` and Base64; verify signatures with it")


class WebhooksBody(BaseModel):
    """All endpoints, the oldest first; there are at most fifty."""

    webhooks: list[WebhookBody]


class DeliveryBody(BaseModel):
    """One event on its way to one endpoint."""

    id: UUID
    webhook_id: UUID
    event_id: str = Field(description="the header `webhook-id`, the same on each attempt")
    event_type: str
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    next_attempt_at: datetime | None = Field(description="null where there will be none")
    delivered_at: datetime | None
    dead_at: datetime | None
    last_status: int | None = Field(description="HTTP status of the last answer")
    last_error: str | None = Field(description="why the last attempt failed; docs/webhooks.md")
    created_at: datetime


class DeliveriesBody(BaseModel):
    """A page of deliveries, the newest first."""

    deliveries: list[DeliveryBody]
    next_cursor: UUID | None = Field(description="null on the last page")
