"""What the calls about keys, invitations and erasure take and give."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.schemas import Sha256

Role = Literal["reader", "moderator", "integration", "admin"]
# No control characters: PostgreSQL stores no NUL, and a name is one line of a list.
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
]


class KeyRequest(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(description="what the key is for")
    role: Role = "reader"
    person_id: UUID | None = Field(default=None, description="who gets it; unset: you")


class RotationRequest(BaseModel):
    """How a key is replaced."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: Annotated[float, Field(ge=0, le=720)] = Field(
        default=24.0, description="how long the old key still opens"
    )


class KeyPath(BaseModel):
    """Names a key."""

    key_id: UUID


class KeyBody(BaseModel):
    """A key, without its secret."""

    id: UUID
    name: str
    role: str
    person_id: UUID
    person: str
    created_at: datetime
    expires_at: datetime | None


class KeysBody(BaseModel):
    """The keys that are in force."""

    keys: list[KeyBody]


class NewKeyBody(KeyBody):
    """A key that was just made, with its secret."""

    key: str = Field(description="shown this once")


class InvitationRequest(BaseModel):
    """Who is invited to read, and for how long the link is good."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(description="who is invited")
    hours: Annotated[int, Field(ge=1, le=720)] = 72


class InvitationBody(BaseModel):
    """An invitation that was just made."""

    id: UUID
    name: str
    url: str = Field(description="shown this once; it makes one key")
    expires_at: datetime


class InvitationPath(BaseModel):
    """Names an invitation by the secret of its link."""

    token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]


class AcceptedBody(BaseModel):
    """The key that an invitation made."""

    key: str = Field(description="shown this once")
    role: Role


class ImagePath(BaseModel):
    """Names an image by its bytes."""

    sha256: Sha256


class ErasureBody(BaseModel):
    """The proof of an erasure. It says nothing of files: that would tell who else sent them."""

    sha256: str
    checks_erased: int
    erased_at: datetime
