"""Second half of a check: pixels to a verdict that is stored.

Reads like the sentence: find the score or detect, decide, store. Everything it needs is passed in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from ntf.heatmap import render_heatmap
from ntf.predictor import ModelInfo, Prediction
from scans.checks import find_score, save_score, save_verdict
from scans.errors import ImageNotStored
from scans.file_claims import describe_claims
from scans.image_store import ImageStore, heatmap_name
from scans.pixel_store import map_pixels
from scans.queue import Claim
from scans.review_rules import find_reason
from scans.reviews import open_review
from scans.tables import Image, PixelScore
from scans.verdict import (
    DecidedVerdict,
    ImageFacts,
    PixelFinding,
    Thresholds,
    can_judge_pixels,
    combine_views,
    decide_verdict,
)


class Detector(Protocol):
    """The part of `ntf.predictor.Predictor` that a verdict needs."""

    info: ModelInfo

    def predict(self, images: list[NDArray[np.uint8]]) -> list[Prediction]: ...


@dataclass(frozen=True, slots=True)
class JudgeTools:
    """What judging needs: the detector, the store and the rows."""

    sessions: sessionmaker[Session]
    store: ImageStore
    load_detector: Callable[[], Detector]
    spot_check_share: float


def judge_image(claim: Claim, tools: JudgeTools) -> None:
    """Bring one claimed check from `detecting` to `done`.

    Raises:
        DetectorUnavailable: the detector cannot be loaded now.
        ImageNotStored: the decoded pixels are gone; the check must be fetched again.
        LeaseLost: another worker holds the check now.
    """
    detector = tools.load_detector()
    image = read_image(claim, tools)
    facts = ImageFacts(image.width_px or 0, image.height_px or 0, tuple(image.limits))
    thresholds = thresholds_of(detector.info)
    views = [image.pixels_sha256, *image.further_pixels_sha256] if image.pixels_sha256 else []
    pixels_sha256, finding = None, None
    if views and can_judge_pixels(facts):
        findings = [get_finding(view, detector, tools) for view in views]
        index, finding = combine_views(findings, thresholds)
        pixels_sha256 = views[index]
    declared = describe_claims(image.provenance or ())
    verdict = decide_verdict(finding, facts, thresholds, declared)
    with tools.sessions.begin() as session:
        save_verdict(
            session,
            claim,
            verdict,
            pixels_sha256=pixels_sha256,
            model_version=detector.info.version,
            threshold_version=detector.info.threshold_version,
        )
        offer_for_review(session, claim, image, verdict, tools.spot_check_share)
    for view in views:
        tools.store.forget("pixels", view)


def offer_for_review(
    session: Session, claim: Claim, image: Image, verdict: DecidedVerdict, spot_check_share: float
) -> None:
    """Put the verdict into the moderators' queue, in its own transaction, where one should look."""
    reason = find_reason(
        verdict.label,
        is_contradicted=any(line.contradicts_pixels for line in verdict.evidence),
        check_id=claim.check_id,
        spot_check_share=spot_check_share,
    )
    if reason is not None:
        open_review(session, claim.tenant_id, claim.check_id, image, reason)


def read_image(claim: Claim, tools: JudgeTools) -> Image:
    """The claimed check's image row."""
    with tools.sessions.begin() as session:
        return session.get_one(Image, claim.image_sha256)


def get_finding(pixels_sha256: str, detector: Detector, tools: JudgeTools) -> PixelFinding:
    """What this model already said about these pixels, or says now.

    Another worker may judge equal pixels at this moment and then remove them, so a missing array
    is a reason to look for its score once more.
    """
    known = read_score(pixels_sha256, detector, tools)
    if known is None:
        try:
            known = detect(pixels_sha256, detector, tools)
        except ImageNotStored:
            known = read_score(pixels_sha256, detector, tools)
            if known is None:
                raise
    return PixelFinding(
        known.raw_score,
        known.real_photo_p,
        known.calibration_count,
        known.coverage,
        tuple(known.doubts),
    )


def read_score(pixels_sha256: str, detector: Detector, tools: JudgeTools) -> PixelScore | None:
    """The stored score of these pixels by this model."""
    with tools.sessions.begin() as session:
        return find_score(session, pixels_sha256, detector.info.version)


def detect(pixels_sha256: str, detector: Detector, tools: JudgeTools) -> PixelScore:
    """Run the detector, keep the heatmap, then the score. The first score stays."""
    pixels = map_pixels(tools.store, pixels_sha256)
    (prediction,) = detector.predict([pixels])
    tools.store.save(
        "heatmaps",
        heatmap_name(pixels_sha256, detector.info.version),
        render_heatmap(pixels, prediction.heatmap),
    )
    finding = PixelFinding(
        prediction.raw_score,
        prediction.real_photo_p,
        prediction.calibration_count,
        prediction.coverage,
        prediction.doubts,
    )
    with tools.sessions.begin() as session:
        return save_score(
            session, pixels_sha256, detector.info.version, finding, prediction.trace_distance
        )


def thresholds_of(info: ModelInfo) -> Thresholds:
    """The thresholds that came with the weights."""
    return Thresholds(info.likely_ai_at, info.no_evidence_below, info.min_side_px)
