"""The bodies of the API. Generated from its OpenAPI file by `make clients`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict


class AcceptedBody(TypedDict):
    """
    The key that an invitation made.
    """

    key: str
    role: Literal["reader", "moderator", "integration", "admin"]


class AgreementBody(TypedDict):
    """
    How far moderators agree who judged the same review.
    """

    kappa: float | None
    reviews: int


class AppealBody(TypedDict):
    """
    An appeal and what became of it.
    """

    check_id: str
    created_at: str
    decided_at: str | None
    id: str
    note: str | None
    outcome: Literal["ai", "real", "unsure"] | None
    reason: str | None
    status: Literal["waiting", "decided"]


class AppealRequest(TypedDict, closed=True):
    """
    Why a person should look again.
    """

    note: NotRequired[str | None]
    reason: NotRequired[str | None]


class BatchCounts(TypedDict):
    """
    How many of a batch's addresses stand where.
    """

    detecting: NotRequired[int]
    done: NotRequired[int]
    failed: NotRequired[int]
    fetching: NotRequired[int]
    queued: NotRequired[int]
    refused: NotRequired[int]
    total: int


class CheckErrorBody(TypedDict):
    """
    Why a check failed.
    """

    code: str
    message: str


class CheckRequest(TypedDict, closed=True):
    """
    An image by its address.
    """

    page_url: NotRequired[str | None]
    url: str


class ConnectionBody(TypedDict):
    """
    Another system, without what opens it.
    """

    address: str | None
    created_at: str
    id: str
    kind: Literal["mastodon", "ozone", "matrix", "pict_rs"]
    options: dict[str, str | bool]


class ConnectionRequest(TypedDict, closed=True):
    """
    Another system. Which fields it needs depends on its kind: docs/integrations/.
    """

    access_token: NotRequired[str | None]
    address: NotRequired[str | None]
    app_password: NotRequired[str | None]
    identifier: NotRequired[str | None]
    kind: Literal["mastodon", "ozone", "matrix", "pict_rs"]
    labeler_did: NotRequired[str | None]
    refuses: NotRequired[bool]
    rule_id: NotRequired[str | None]
    webhook_secret: NotRequired[str | None]
    when_away: NotRequired[Literal["open", "closed"]]
    writes_notes: NotRequired[bool]


class ConnectionWithSecretBody(TypedDict):
    """
    A connection with the secret that the other system is to send, shown this once.
    """

    address: str | None
    created_at: str
    id: str
    kind: Literal["mastodon", "ozone", "matrix", "pict_rs"]
    options: dict[str, str | bool]
    receives_at: str
    secret: str | None


class ConnectionsBody(TypedDict):
    """
    All connections, the oldest first; there are at most fifty.
    """

    connections: list[ConnectionBody]


class CoopActionTakenBody(TypedDict):
    """
    What became of a callback.
    """

    check_id: str
    is_new: bool
    says: Literal["ai", "real", "unsure"]


class CoopCheckRequest(TypedDict, closed=True):
    """
    An item's image, as the plug-in asks about it.
    """

    item_id: NotRequired[str | None]
    item_type: NotRequired[str | None]
    url: str


class CoopConnectionRequest(TypedDict, closed=True):
    """
    How the caller's Coop signs.
    """

    public_key_pem: str


class CoopCustomBody(TypedDict):
    """
    What the operator has filled in at the action, under "Body".
    """

    ntf_says: Literal["ai", "real", "unsure"]


class CoopItemBody(TypedDict):
    """
    The item that an action is about. Coop gives more, and may give more yet.
    """

    id: str
    typeName: NotRequired[str | None]


class CoopTargetRequest(TypedDict, closed=True):
    """
    Where to hand verdicts to, and as what.
    """

    api_key: str
    item_type_id: str
    labels: NotRequired[list[Literal["likely_ai", "uncertain", "no_evidence", "not_assessable"]]]
    reporter_id: NotRequired[str]
    reporter_type_id: NotRequired[str | None]
    send: Literal["items", "reports"]
    url: str


class DecisionBody(TypedDict):
    """
    Who decided what. One that was undone stays in the record.
    """

    created_at: str
    note: str | None
    person: str
    reason: str | None
    says: Literal["ai", "real", "unsure"]
    undone_at: str | None


class DeliveryBody(TypedDict):
    """
    One event on its way to one endpoint.
    """

    attempts: int
    created_at: str
    dead_at: str | None
    delivered_at: str | None
    event_id: str
    event_type: str
    id: str
    last_error: str | None
    last_status: int | None
    next_attempt_at: str | None
    state: Literal["waiting", "delivered", "dead"]
    webhook_id: str


class ErasureBody(TypedDict):
    """
    The proof of an erasure. It says nothing of files: that would tell who else sent them.
    """

    checks_erased: int
    erased_at: str
    sha256: str


class ErrandBody(TypedDict):
    """
    Something that another system asked for.
    """

    attempts: int
    connection_id: str
    created_at: str
    dead_at: str | None
    done_at: str | None
    external_id: str
    id: str
    last_error: str | None
    last_status: int | None
    state: Literal["waiting", "done", "dead"]


class ErrandsBody(TypedDict):
    """
    A page of errands, the newest first.
    """

    errands: list[ErrandBody]
    next_cursor: str | None


class EvidenceBody(TypedDict):
    """
    One line of evidence.
    """

    contradicts_pixels: NotRequired[bool]
    kind: str
    points_to: NotRequired[Literal["ai", "no_ai", "neither"]]
    sentence: str
    source: str
    state: NotRequired[str | None]
    strength: Literal["strong", "moderate", "weak", "none"]


class FeedbackBody(TypedDict):
    """
    An opinion as it was kept.
    """

    check_id: str
    created_at: str
    flags: list[str]
    id: str
    note: str | None
    reason: str | None
    says: Literal["ai", "real", "unsure"]
    standing: Literal["label", "counted", "quarantined"]


class FieldProblem(TypedDict):
    """
    What is wrong with one field.
    """

    field: str
    reason: str


class HumanBody(TypedDict):
    """
    What people decided on this picture. It stands over the label.
    """

    decided_at: str
    reason: str | None
    reverses_label: bool
    review_id: str
    says: Literal["ai", "real", "unsure"]


class ImageBody(TypedDict):
    """
    The image that was judged: bytes known by their hash.
    """

    byte_count: int
    height_px: int | None
    media_type: str | None
    picture_url: str | None
    sha256: str
    width_px: int | None


class InvitationBody(TypedDict):
    """
    An invitation that was just made.
    """

    expires_at: str
    id: str
    name: str
    url: str


class InvitationRequest(TypedDict, closed=True):
    """
    Who is invited to read, and for how long the link is good.
    """

    hours: NotRequired[int]
    name: str


class KeyBody(TypedDict):
    """
    A key, without its secret.
    """

    created_at: str
    expires_at: str | None
    id: str
    name: str
    person: str
    person_id: str
    role: str


class KeyRequest(TypedDict, closed=True):
    """
    A key to be made.
    """

    name: str
    person_id: NotRequired[str | None]
    role: NotRequired[Literal["reader", "moderator", "integration", "admin"]]


class KeysBody(TypedDict):
    """
    The keys that are in force.
    """

    keys: list[KeyBody]


class LimitBody(TypedDict):
    """
    One thing that weakens the verdict.
    """

    code: str
    sentence: str


class ModelBody(TypedDict):
    """
    The detector that decided, with the version of its thresholds.
    """

    card_url: str
    name: str
    threshold_version: str
    version: str


class ModelVersionBody(TypedDict):
    """
    A detector that has run here.
    """

    card_url: str
    first_run_at: str
    is_live: bool
    learned_from: str | None
    likely_ai_at: float
    min_side_px: int
    name: str
    no_evidence_below: float
    stage: Literal["candidate", "refused", "canary", "live", "retired", "rolled_back"] | None
    threshold_version: str
    version: str


class ModelsBody(TypedDict):
    """
    All detectors that have run here, the newest first.
    """

    models: list[ModelVersionBody]


class NewKeyBody(TypedDict):
    """
    A key that was just made, with its secret.
    """

    created_at: str
    expires_at: str | None
    id: str
    key: str
    name: str
    person: str
    person_id: str
    role: str


class OpinionRequest(TypedDict, closed=True):
    """
    What someone says about an image: in feedback, or as a moderator's decision.
    """

    note: NotRequired[str | None]
    reason: NotRequired[str | None]
    says: Literal["ai", "real", "unsure"]


class ProblemBody(TypedDict):
    """
    A problem document (RFC 9457). `code` is stable.
    """

    code: str
    detail: str
    fields: NotRequired[list[FieldProblem] | None]
    status: int
    title: str
    type: str


class RotationRequest(TypedDict, closed=True):
    """
    How a key is replaced.
    """

    overlap_hours: NotRequired[float]


class SimilarBody(TypedDict):
    """
    An image of the same tenant that looks alike.
    """

    check_id: str
    checked_at: str
    distance_bits: int
    label: Literal["likely_ai", "uncertain", "no_evidence", "not_assessable"]
    picture_url: str


class SimilarImagesBody(TypedDict):
    """
    Candidates for a person to compare, the nearest first; never a reason for a score.
    """

    similar: list[SimilarBody]


class StatementBody(TypedDict):
    """
    What a statement of reasons needs (Regulation (EU) 2022/2065, art. 17(3)).
    """

    automated_decision: bool
    automated_detection: bool
    automated_means: str
    check_id: str
    decided_at: str
    facts: list[str]
    image_sha256: str
    image_url: str | None
    legal_ground: str | None
    redress: list[str]
    restriction: str | None
    review_id: str
    terms_ground: str | None
    to_be_filled_in: list[str]
    was_notified: bool


class ValidationErrorModel(TypedDict):
    ctx: NotRequired[dict[str, Any] | None]
    input: Any
    loc: list[Any]
    msg: str
    type: str
    url: NotRequired[str | None]


class VerdictBody(TypedDict):
    """
    What the service says about an image. `likely_ai` asks for a review, never a removal.
    """

    decided_at: str
    evidence: list[EvidenceBody]
    heatmap_url: str | None
    human: NotRequired[HumanBody | None]
    label: Literal["likely_ai", "uncertain", "no_evidence", "not_assessable"]
    limits: list[LimitBody]
    model: ModelBody
    raw_score: float | None
    real_photo_p: float | None
    score: float | None


class WebhookBody(TypedDict):
    """
    Where to tell of what happens.
    """

    created_at: str
    disabled_at: str | None
    disabled_reason: str | None
    events: list[str]
    id: str
    is_enabled: bool
    labels: list[Literal["likely_ai", "uncertain", "no_evidence", "not_assessable"]] | None
    previous_secret_until: str | None
    shape: Literal["standard", "coop_items", "coop_reports"]
    url: str


class WebhookChange(TypedDict, closed=True):
    """
    What to change; a field that is not given stays.
    """

    events: NotRequired[list[Literal["check.done", "check.failed", "check.reviewed", "check.flagged"]] | None]
    is_enabled: NotRequired[bool | None]
    labels: NotRequired[list[Literal["likely_ai", "uncertain", "no_evidence", "not_assessable"]] | None]
    url: NotRequired[str | None]


class WebhookRequest(TypedDict, closed=True):
    """
    A new endpoint.
    """

    events: NotRequired[list[Literal["check.done", "check.failed", "check.reviewed", "check.flagged"]]]
    labels: NotRequired[list[Literal["likely_ai", "uncertain", "no_evidence", "not_assessable"]] | None]
    url: str


class WebhookWithSecretBody(TypedDict):
    """
    An endpoint with its secret, which is shown this once.
    """

    created_at: str
    disabled_at: str | None
    disabled_reason: str | None
    events: list[str]
    id: str
    is_enabled: bool
    labels: list[Literal["likely_ai", "uncertain", "no_evidence", "not_assessable"]] | None
    previous_secret_until: str | None
    secret: str
    shape: Literal["standard", "coop_items", "coop_reports"]
    url: str


class WebhooksBody(TypedDict):
    """
    All endpoints, the oldest first; there are at most fifty.
    """

    webhooks: list[WebhookBody]


class BatchBody(TypedDict):
    """
    A batch and its progress.
    """

    counts: BatchCounts
    created_at: str
    has_ended: bool
    id: str
    urgency: Literal["interactive", "moderation", "backfill"]


class BatchItemBody(TypedDict):
    """
    One address of a batch, in the order in which it was sent.
    """

    check_id: str | None
    error: CheckErrorBody | None
    label: Literal["likely_ai", "uncertain", "no_evidence", "not_assessable"] | None
    status: Literal["queued", "fetching", "detecting", "done", "failed"] | None
    url: str


class BatchRequest(TypedDict, closed=True):
    """
    Many images by their addresses.
    """

    urgency: NotRequired[Literal["moderation", "backfill"]]
    urls: list[CheckRequest | str]


class BatchWithItemsBody(TypedDict):
    """
    A batch, its progress and its items.
    """

    counts: BatchCounts
    created_at: str
    has_ended: bool
    id: str
    items: list[BatchItemBody]
    urgency: Literal["interactive", "moderation", "backfill"]


class CheckBody(TypedDict):
    """
    One request to judge one image.
    """

    created_at: str
    error: CheckErrorBody | None
    finished_at: str | None
    id: str
    image: ImageBody | None
    page_url: str | None
    status: Literal["queued", "fetching", "detecting", "done", "failed"]
    url: str | None
    verdict: VerdictBody | None


class ChecksBody(TypedDict):
    """
    A page of checks, the newest first.
    """

    checks: list[CheckBody]
    next_cursor: str | None


class CoopActionBody(TypedDict):
    """
    A callback of Coop's, as far as it is read.
    """

    actorEmail: NotRequired[str | None]
    custom: CoopCustomBody
    decisionReason: NotRequired[str | None]
    item: CoopItemBody


class DeliveriesBody(TypedDict):
    """
    A page of deliveries, the newest first.
    """

    deliveries: list[DeliveryBody]
    next_cursor: str | None


class ReviewBody(TypedDict):
    """
    An item in the moderators' queue.
    """

    check: CheckBody
    claimed_until: str | None
    created_at: str
    decided_at: str | None
    decisions: list[DecisionBody]
    due_at: str
    id: str
    is_mine: bool
    outcome: Literal["ai", "real", "unsure"] | None
    outcome_reason: str | None
    reason: Literal["appeal", "contradiction", "flagged", "uncertain", "policy", "spot_check"]
    status: Literal["waiting", "decided"]


class ReviewsBody(TypedDict):
    """
    A page of the queue, in the order in which reviews are due.
    """

    agreement: AgreementBody
    next_cursor: str | None
    reviews: list[ReviewBody]
    waiting: dict[str, int]
