"""What the calls under `/v1/integrations/coop` take and give."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.schemas import NO_NUL, LabelWord, SaysWord, Url
from api.webhook_schemas import Labels

CoopName = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=NO_NUL)]


class CoopConnectionRequest(BaseModel):
    """How the caller's Coop signs."""

    model_config = ConfigDict(extra="forbid")

    public_key_pem: str = Field(
        min_length=1,
        max_length=4000,
        description='"Webhook Signature Verification Key" of Coop\'s settings',
    )


class CoopCheckRequest(BaseModel):
    """An item's image, as the plug-in asks about it."""

    model_config = ConfigDict(extra="forbid")

    url: Url = Field(description="http or https address of the image")
    item_id: CoopName | None = Field(
        default=None, description="Coop's id of the item, so that decisions on it find the check"
    )
    item_type: CoopName | None = Field(default=None, description="the name of the item's type")


class CoopTargetRequest(BaseModel):
    """Where to hand verdicts to, and as what."""

    model_config = ConfigDict(extra="forbid")

    url: Url = Field(description="address of Coop, without the path of its API")
    api_key: str = Field(min_length=1, max_length=500, description="Coop's own; sent as X-API-KEY")
    send: Literal["items", "reports"]
    item_type_id: CoopName = Field(description="Coop's id of the type of these items")
    reporter_id: CoopName = Field(default="natural-trace-forensics", description="of reports")
    reporter_type_id: CoopName | None = Field(
        default=None, description="of reports: Coop's id of the type of its users"
    )
    labels: Labels = Field(
        default_factory=lambda: list[LabelWord](["likely_ai"]),
        description="of the verdicts that are handed over",
    )

    @model_validator(mode="after")
    def name_the_reporter(self) -> "CoopTargetRequest":
        """A report without a reporter is none."""
        if self.send == "reports" and self.reporter_type_id is None:
            raise ValueError("reports need reporter_type_id")
        return self

    def options(self) -> dict[str, str]:
        """What a message needs beside the verdict."""
        if self.send == "items" or self.reporter_type_id is None:
            return {"item_type_id": self.item_type_id}
        return {
            "item_type_id": self.item_type_id,
            "reporter_id": self.reporter_id,
            "reporter_type_id": self.reporter_type_id,
        }


class CoopItemBody(BaseModel):
    """The item that an action is about. Coop gives more, and may give more yet."""

    id: CoopName
    typeName: CoopName | None = None  # noqa: N815  # as Coop spells it


class CoopCustomBody(BaseModel):
    """What the operator has filled in at the action, under "Body"."""

    ntf_says: SaysWord


class CoopActionBody(BaseModel):
    """A callback of Coop's, as far as it is read."""

    item: CoopItemBody
    custom: CoopCustomBody
    decisionReason: str | None = None  # noqa: N815
    actorEmail: str | None = None  # noqa: N815


class CoopActionTakenBody(BaseModel):
    """What became of a callback."""

    check_id: UUID
    says: SaysWord
    is_new: bool = Field(description="false where the same callback came before and counted then")
