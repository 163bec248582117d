"""Batches and lists of checks, as the API takes and gives them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.schemas import CheckBody, CheckErrorBody, CheckRequest, LabelWord, Sha256, Status, Url

MAX_BATCH_URLS = 1000
Cursor = Annotated[str, Field(min_length=1, max_length=200)]
PageLimit = Annotated[int, Field(ge=1, le=100)]


class BatchRequest(BaseModel):
    """Many images by their addresses."""

    model_config = ConfigDict(extra="forbid")

    urls: Annotated[
        list[CheckRequest | Url],
        Field(min_length=1, max_length=MAX_BATCH_URLS),
    ] = Field(description="addresses, or objects with `url` and `page_url`")
    urgency: Literal["moderation", "backfill"] = Field(
        default="moderation",
        description="`backfill` waits for all else, yet is outweighed by no more than 20 minutes",
    )


class BatchPath(BaseModel):
    """Names a batch."""

    batch_id: UUID


class BatchCounts(BaseModel):
    """How many of a batch's addresses stand where."""

    total: int
    queued: int = 0
    fetching: int = 0
    detecting: int = 0
    done: int = 0
    failed: int = 0
    refused: int = Field(
        default=0, description="addresses that cannot be fetched, or were erased since"
    )


class BatchBody(BaseModel):
    """A batch and its progress."""

    id: UUID
    urgency: Literal["interactive", "moderation", "backfill"]
    created_at: datetime
    has_ended: bool
    counts: BatchCounts


class BatchItemBody(BaseModel):
    """One address of a batch, in the order in which it was sent."""

    url: str
    check_id: UUID | None
    status: Status | None = Field(description="null where the address was refused or erased")
    label: LabelWord | None
    error: CheckErrorBody | None


class BatchWithItemsBody(BatchBody):
    """A batch, its progress and its items."""

    items: list[BatchItemBody]


class ChecksQuery(BaseModel):
    """Which checks, and which page of them."""

    status: Status | None = None
    label: LabelWord | None = None
    sha256: Sha256 | None = Field(default=None, description="of the image file's bytes")
    created_from: AwareDatetime | None = Field(default=None, description="this moment or later")
    created_before: AwareDatetime | None = None
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the page before")
    limit: PageLimit = 50


class ChecksBody(BaseModel):
    """A page of checks, the newest first."""

    checks: list[CheckBody]
    next_cursor: str | None = Field(description="null on the last page")
