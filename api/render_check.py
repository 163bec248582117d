"""Rows to the bodies that the API gives."""

from typing import cast

from flask import url_for

from api.schemas import (
    CheckBody,
    CheckErrorBody,
    EvidenceBody,
    HumanBody,
    ImageBody,
    LimitBody,
    ModelBody,
    ModelVersionBody,
    SimilarBody,
    StageWord,
    VerdictBody,
)
from api.services import services
from scans.image_store import Kind, heatmap_name
from scans.review_rules import is_reversal
from scans.review_tables import Review
from scans.reviews import find_humans
from scans.similar import Candidate
from scans.tables import Check, Image, ModelVersion, Verdict

# Of a check that has been through the decoder itself.
DECODED_STATUSES = {"detecting", "done"}


def render_own_check(check: Check) -> CheckBody:
    """A check, with what its tenant's moderators decided on the picture."""
    if check.verdict is None:
        return render_check(check)
    humans = services().reads.ask(lambda rows: find_humans(rows, check.tenant_id, [check]))
    return render_check(check, humans.get(check.id))


def render_check(check: Check, human: Review | None = None) -> CheckBody:
    """A check with what is known about it by now."""
    return CheckBody(
        id=check.id,
        status=check.status,
        url=check.url,
        page_url=check.page_url,
        created_at=check.created_at,
        finished_at=check.finished_at,
        image=render_image(check.image, is_decoded=check.status in DECODED_STATUSES)
        if check.image
        else None,
        verdict=render_verdict(check.verdict, check.image, human) if check.verdict else None,
        error=CheckErrorBody(code=check.error_code, message=check.error_message or "")
        if check.error_code
        else None,
    )


def render_image(image: Image, *, is_decoded: bool) -> ImageBody:
    """What the decoder found for this check.

    Until then, what is known of equal bytes would tell that another tenant has sent them.
    """
    if not is_decoded:
        return ImageBody(
            sha256=image.sha256,
            picture_url=None,
            media_type=None,
            width_px=None,
            height_px=None,
            byte_count=image.byte_count,
        )
    return ImageBody(
        sha256=image.sha256,
        picture_url=sign_picture_url("bytes", image.sha256, image.media_type)
        if image.media_type and image.bytes_removed_at is None
        else None,
        media_type=image.media_type,
        width_px=image.width_px,
        height_px=image.height_px,
        byte_count=image.byte_count,
    )


def render_verdict(verdict: Verdict, image: Image | None, human: Review | None) -> VerdictBody:
    """A verdict as it was decided, with a fresh link to its heatmap."""
    return VerdictBody(
        label=verdict.label,
        score=verdict.score,
        raw_score=verdict.raw_score,
        real_photo_p=verdict.real_photo_p,
        evidence=[EvidenceBody(**line) for line in verdict.evidence],
        limits=[LimitBody(**line) for line in verdict.limits],
        heatmap_url=sign_heatmap_url(verdict)
        if image is None or image.bytes_removed_at is None
        else None,
        model=ModelBody(
            name=verdict.model.name,
            version=verdict.model_version,
            threshold_version=verdict.threshold_version,
            card_url=url_for("pages.show_model_card"),
        ),
        human=render_human(human, verdict.label) if human else None,
        decided_at=verdict.created_at,
    )


def render_human(review: Review, label: str) -> HumanBody:
    """What people decided, beside the label that it stands over."""
    assert review.outcome is not None
    assert review.decided_at is not None
    return HumanBody(
        says=review.outcome,
        reason=review.outcome_reason,
        decided_at=review.decided_at,
        review_id=review.id,
        reverses_label=is_reversal(label, review.outcome),
    )


def sign_heatmap_url(verdict: Verdict) -> str | None:
    """The address of the heatmap, where pixels were judged."""
    if verdict.pixels_sha256 is None:
        return None
    name = heatmap_name(verdict.pixels_sha256, verdict.model_version)
    return sign_picture_url("heatmaps", name, "image/png")


def sign_picture_url(kind: Kind, name: str, media_type: str) -> str:
    """A short-lived address for a picture, which needs no key: an `<img>` can show it."""
    token = services().picture_signer.dumps([kind, name, media_type])
    return url_for("pictures.show_picture", token=token)


def render_candidate(candidate: Candidate) -> SimilarBody:
    """A candidate with a fresh link to its picture."""
    return SimilarBody(
        check_id=candidate.check_id,
        distance_bits=candidate.distance_bits,
        label=candidate.label,
        checked_at=candidate.checked_at,
        picture_url=sign_picture_url("bytes", candidate.image_sha256, candidate.media_type),
    )


def render_model(model: ModelVersion) -> ModelVersionBody:
    """A detector that has run here."""
    return ModelVersionBody(
        version=model.version,
        name=model.name,
        threshold_version=model.threshold_version,
        likely_ai_at=model.likely_ai_at,
        no_evidence_below=model.no_evidence_below,
        min_side_px=model.min_side_px,
        is_live=model.is_live,
        stage=cast(StageWord | None, model.stage),
        learned_from=model.learned_from,
        card_url=url_for("pages.show_model_card"),
        first_run_at=model.created_at,
    )
