"""What the calls under `/v1/connections` take and give."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from api.schemas import Url

Kind = Literal["mastodon", "ozone", "matrix", "pict_rs"]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=1024)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[!-~]+$")]
NEEDED: dict[Kind, tuple[str, ...]] = {
    "mastodon": ("address", "access_token", "webhook_secret"),
    "ozone": ("address", "identifier", "app_password", "labeler_did"),
    "matrix": ("address", "access_token"),
    "pict_rs": (),
}


class ConnectionRequest(BaseModel):
    """Another system. Which fields it needs depends on its kind: docs/integrations/."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    address: Url | None = Field(
        default=None, description="of the Mastodon server, the account's PDS, or the homeserver"
    )
    access_token: Secret | None = Field(default=None, description="Mastodon's or the homeserver's")
    webhook_secret: Secret | None = Field(default=None, description="that Mastodon signs with")
    identifier: Word | None = Field(default=None, description="handle of the account for Ozone")
    app_password: Secret | None = Field(default=None, description="of the account for Ozone")
    labeler_did: Word | None = Field(default=None, description="DID of the Ozone service")
    rule_id: Word | None = Field(
        default=None, description="Mastodon's rule that a likely AI-made image breaks; unset: none"
    )
    writes_notes: bool = Field(
        default=True, description="Mastodon: write the findings as a report of the token's account"
    )
    refuses: bool = Field(
        default=False, description="pict-rs, Matrix: refuse what is likely AI-made"
    )
    when_away: Literal["open", "closed"] = Field(
        default="open", description="closed: say or refuse what could not be checked"
    )

    @model_validator(mode="after")
    def need_fields(self) -> Self:
        """Refuse a connection that could never work."""
        missing = [name for name in NEEDED[self.kind] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a connection to {self.kind} needs {', '.join(missing)}")
        return self


class ConnectionPath(BaseModel):
    """Names a connection."""

    connection_id: UUID


class ErrandPath(BaseModel):
    """Names an errand."""

    errand_id: UUID


class ErrandsQuery(BaseModel):
    """Which errands, and how many at a time."""

    dead: bool = Field(default=False, description="only those that were given up")
    cursor: UUID | None = Field(default=None, description="`next_cursor` of the page before")
    limit: int = Field(default=50, ge=1, le=200)


class ConnectionBody(BaseModel):
    """Another system, without what opens it."""

    id: UUID
    kind: Kind
    address: str | None
    options: dict[str, str | bool]
    created_at: datetime


class ConnectionWithSecretBody(ConnectionBody):
    """A connection with the secret that the other system is to send, shown this once."""

    secret: str | None = Field(description="null where the other system signs with its own")
    receives_at: str = Field(description="the path that the other system calls")


class ConnectionsBody(BaseModel):
    """All connections, the oldest first; there are at most fifty."""

    connections: list[ConnectionBody]


class ErrandBody(BaseModel):
    """Something that another system asked for."""

    id: UUID
    connection_id: UUID
    external_id: str = Field(description="its name there; delivered again, it is the same errand")
    state: Literal["waiting", "done", "dead"]
    attempts: int
    last_status: int | None = Field(description="HTTP status of the other system's last answer")
    last_error: str | None
    created_at: datetime
    done_at: datetime | None
    dead_at: datetime | None


class ErrandsBody(BaseModel):
    """A page of errands, the newest first."""

    errands: list[ErrandBody]
    next_cursor: UUID | None = Field(description="null on the last page")
