"""What the API takes and gives, as models that also write the OpenAPI file."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from scans.image_url import MAX_URL_CHARACTERS

Status = Literal["queued", "fetching", "detecting", "done", "failed"]
LabelWord = Literal["likely_ai", "uncertain", "no_evidence", "not_assessable"]
Sha256 = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True, strip_whitespace=True)
]
# PostgreSQL keeps no NUL in a text.
NO_NUL = r"^[^\x00]*$"
Url = Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL_CHARACTERS, pattern=NO_NUL)]
SaysWord = Literal["ai", "real", "unsure"]


class CheckRequest(BaseModel):
    """An image by its address."""

    model_config = ConfigDict(extra="forbid")

    url: Url = Field(description="http or https address of the image")
    page_url: Url | None = Field(default=None, description="the page that showed it")


class UploadFields(BaseModel):
    """The text fields beside an uploaded image."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = Field(default=None, description="where the bytes came from")
    page_url: Url | None = Field(default=None, description="the page that showed it")
    taken_from_screen: bool = Field(
        default=False,
        description="the bytes are no file of the image's, but what a screen showed of it; the "
        "verdict's limits say so",
    )


class WaitQuery(BaseModel):
    """How long the answer may be held."""

    wait: Annotated[float, Field(ge=0, le=30)] | None = Field(
        default=None,
        description="seconds to wait for the verdict (as the header `Prefer: wait=8`); at most 8 "
        "are waited",
    )


class CheckPath(BaseModel):
    """Names a check."""

    check_id: UUID


class VerdictQuery(BaseModel):
    """Names an image by its bytes."""

    sha256: Sha256 = Field(description="SHA-256 of the image file's bytes, as 64 hex digits")


class EvidenceBody(BaseModel):
    """One line of evidence."""

    kind: str = Field(description="pixels, c2pa, iptc, generator_text or exif; more may come")
    strength: Literal["strong", "moderate", "weak", "none"]
    sentence: str
    source: str
    state: str | None = Field(
        default=None,
        description="what a file's own word was found to be. Of c2pa: none, invalid, expired, "
        "unknown_issuer, trusted, not_fetched or unreadable. Null for pixels",
    )
    points_to: Literal["ai", "no_ai", "neither"] = "neither"
    contradicts_pixels: bool = Field(
        default=False, description="the file says the opposite of what its pixels show"
    )


class LimitBody(BaseModel):
    """One thing that weakens the verdict."""

    code: str
    sentence: str


class ModelBody(BaseModel):
    """The detector that decided, with the version of its thresholds."""

    name: str
    version: str
    threshold_version: str
    card_url: str


class HumanBody(BaseModel):
    """What people decided on this picture. It stands over the label."""

    says: SaysWord
    reason: str | None
    decided_at: datetime
    review_id: UUID
    reverses_label: bool = Field(description="the detector had said the opposite")


class VerdictBody(BaseModel):
    """What the service says about an image. `likely_ai` asks for a review, never a removal."""

    label: LabelWord
    score: float | None = Field(
        description="calibrated probability that the image is AI-made, clipped to 0.01 to 0.99; "
        "null where no pixels could be judged"
    )
    raw_score: float | None = Field(description="the same, unclipped; use it to rank")
    real_photo_p: float | None = Field(
        description="share of real photographs at least this far from the natural traces"
    )
    evidence: list[EvidenceBody]
    limits: list[LimitBody]
    heatmap_url: str | None = Field(description="signed and short-lived; ask again for a new one")
    model: ModelBody
    human: HumanBody | None = Field(
        default=None, description="what moderators decided on this picture, when they did"
    )
    decided_at: datetime


class ImageBody(BaseModel):
    """The image that was judged: bytes known by their hash."""

    sha256: str
    picture_url: str | None = Field(description="its bytes as they came; signed and short-lived")
    media_type: str | None
    width_px: int | None
    height_px: int | None
    byte_count: int


class CheckErrorBody(BaseModel):
    """Why a check failed."""

    code: str
    message: str


class CheckBody(BaseModel):
    """One request to judge one image."""

    id: UUID
    status: Status
    url: str | None
    page_url: str | None
    created_at: datetime
    finished_at: datetime | None
    image: ImageBody | None
    verdict: VerdictBody | None
    error: CheckErrorBody | None


class SimilarBody(BaseModel):
    """An image of the same tenant that looks alike."""

    check_id: UUID
    distance_bits: int = Field(description="of the 256 bits of PDQ, so many differ; at most 80")
    label: LabelWord
    checked_at: datetime
    picture_url: str = Field(description="signed and short-lived")


class SimilarImagesBody(BaseModel):
    """Candidates for a person to compare, the nearest first; never a reason for a score."""

    similar: list[SimilarBody]


StageWord = Literal["candidate", "refused", "canary", "live", "retired", "rolled_back"]


class ModelVersionBody(BaseModel):
    """A detector that has run here."""

    version: str
    name: str
    threshold_version: str
    likely_ai_at: float
    no_evidence_below: float
    min_side_px: int
    is_live: bool
    stage: StageWord | None = Field(
        description="where it stands in its life; null where it ran before stages were kept"
    )
    learned_from: str | None = Field(description="the version that it was retrained from")
    card_url: str
    first_run_at: datetime


class ModelsBody(BaseModel):
    """All detectors that have run here, the newest first."""

    models: list[ModelVersionBody]


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    reason: str


class ProblemBody(BaseModel):
    """A problem document (RFC 9457). `code` is stable."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    fields: list[FieldProblem] | None = None
