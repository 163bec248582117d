"""Second half of a check: pixels to a verdict that is stored.

Reads like the sentence: look at what several checks show, at once; then, for each check by itself,
keep the score, decide, store. Everything it needs is passed in.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from images.hashes import pixels_sha256 as hash_of_pixels
from ntf.errors import DetectionFailed
from ntf.heatmap import render_heatmap
from ntf.predictor import ModelInfo, Prediction
from scans.asked import Asked, read_asked
from scans.checks import NewScore, find_scores, save_scores, save_verdict
from scans.database import Reads
from scans.errors import ImageNotStored, ImageStoreUnavailable
from scans.file_claims import describe_claims
from scans.image_store import ImageStore, heatmap_name
from scans.pixel_store import map_pixels
from scans.policy_rows import kind_of_urgency
from scans.policy_rules import Facts, choose_happening, find_provenance, read_policy
from scans.queue import Claim
from scans.review_rules import ReviewReason, find_reason
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
from scans.webhook_events import announce_flag

MAP_THREADS = 4


class Detector(Protocol):
    """The part of `ntf.predictor.Predictor` that a verdict needs."""

    info: ModelInfo

    def predict(self, images: list[NDArray[np.uint8]]) -> list[Prediction]: ...


@dataclass(frozen=True, slots=True)
class JudgeTools:
    """What judging needs: the detector, the store and the rows."""

    sessions: sessionmaker[Session]
    reads: Reads
    store: ImageStore
    load_detector: Callable[[], Detector]
    spot_check_share: float


@dataclass(frozen=True, slots=True)
class Found:
    """What the detector found in one array of pixels, with its heatmap as a PNG file."""

    prediction: Prediction
    heatmap_png: bytes


@dataclass(frozen=True, slots=True)
class Looked:
    """A batch under one detector: whatever goes live meanwhile, these checks are judged by it.

    Attributes:
        asked: what is to be known of each check.
        scores: what it had said before, by the pixels' hash.
        found: what it says now, by the pixels' hash; what the detector broke on, it broke on.
        pixels: what it looked at, mapped.
    """

    info: ModelInfo
    asked: Mapping[UUID, Asked]
    scores: Mapping[str, PixelScore]
    found: Mapping[str, Found | DetectionFailed]
    pixels: Mapping[str, NDArray[np.uint8]]


def look_at_images(claims: Sequence[Claim], tools: JudgeTools) -> Looked:
    """Run the detector over what these checks show and this model has not judged yet, at once.

    Equal pixels are looked at once. Pixels that are gone are left out, since their score may come
    from another worker before they are asked for.

    Raises:
        DetectorUnavailable: the detector cannot be loaded now.
        ImageStoreUnavailable: nor can the pixels.
    """
    detector = tools.load_detector()
    check_ids, version = [claim.check_id for claim in claims], detector.info.version
    asked = tools.reads.ask(lambda rows: read_asked(rows, check_ids, version))
    scores = tools.reads.ask(lambda rows: find_known(rows, asked.values(), version))
    wanted = [view for view in views_to_judge(asked.values()) if view not in scores]
    # Side by side: the folder may be another machine's, where each opening takes a round trip.
    with ThreadPoolExecutor(MAP_THREADS) as mappers:
        mapped = mappers.map(lambda view: map_if_kept(view, tools.store), wanted)
        pixels = {
            view: array for view, array in zip(wanted, mapped, strict=True) if array is not None
        }
    found = predict_each(list(pixels.values()), detector)
    return Looked(detector.info, asked, scores, dict(zip(pixels, found, strict=True)), pixels)


def find_known(session: Session, asked: Iterable[Asked], version: str) -> dict[str, PixelScore]:
    """The scores that there are. Only a file that shows several pictures makes it ask for more."""
    known = {one.known_score.pixels_sha256: one.known_score for one in asked if one.known_score}
    further = {view for one in asked for view in one.image.further_pixels_sha256}
    return known | find_scores(session, further - known.keys(), version)


def views_to_judge(asked: Iterable[Asked]) -> list[str]:
    """The hashes of the pixels that these checks show, each once."""
    images = [one.image for one in asked]
    views = (
        view for image in images if can_judge_pixels(facts_of(image)) for view in views_of(image)
    )
    return list(dict.fromkeys(views))


def map_if_kept(pixels_sha256: str, store: ImageStore) -> NDArray[np.uint8] | None:
    """The mapped pixels [H, W, 3]; None where they are gone, or are not what their name says.

    A score serves every image with this hash: a captured fetching worker must not give it others.
    """
    try:
        pixels = map_pixels(store, pixels_sha256)
    except ImageNotStored:
        return None
    if hash_of_pixels(pixels) != pixels_sha256:
        store.forget("pixels", pixels_sha256)
        return None
    return pixels


def predict_each(
    images: list[NDArray[np.uint8]], detector: Detector
) -> list[Found | DetectionFailed]:
    """One call for all images; where that fails, one for each, so that it fails for one alone."""
    if not images:
        return []
    try:
        predictions = detector.predict(images)
    except DetectionFailed as error:
        if len(images) == 1:
            return [error]
        return [found for image in images for found in predict_each([image], detector)]
    return [
        Found(prediction, render_heatmap(image, prediction.heatmap))
        for image, prediction in zip(images, predictions, strict=True)
    ]


def judge_image(claim: Claim, looked: Looked, tools: JudgeTools) -> None:
    """Bring one claimed check from `detecting` to `done`, in one transaction with its scores.

    Raises:
        DetectionFailed: the detector broke on these pixels.
        ImageNotStored: the decoded pixels are gone, or the bytes are not those of their name; the
            check must be fetched again.
        LeaseLost: another worker holds the check now.
    """
    info = looked.info
    thresholds = thresholds_of(info)
    asked = looked.asked[claim.check_id]
    image = asked.image
    facts, views = facts_of(image), views_of(image)
    if asked.is_from_screen:
        facts = replace(facts, limits=("taken_from_screen", *facts.limits))
    with tools.sessions.begin() as session:
        pixels_sha256, finding = None, None
        if views and can_judge_pixels(facts):
            scores = keep_scores(session, views, looked, tools.store)
            index, finding = combine_views([finding_of(score) for score in scores], thresholds)
            pixels_sha256 = views[index]
        declared = describe_claims(image.provenance or ())
        verdict = decide_verdict(finding, facts, thresholds, declared)
        save_verdict(
            session,
            claim,
            verdict,
            pixels_sha256=pixels_sha256,
            model_version=info.version,
            threshold_version=info.threshold_version,
        )
        follow_policy(session, claim, asked, verdict, tools.spot_check_share)
        # While the check is held: an erasure comes before the file or after the commit.
        tools.store.take_in(image.sha256)
    # The verdict stands, whatever the store answers: pixels that stay go with their image.
    with suppress(ImageStoreUnavailable):
        for view in views:
            tools.store.forget("pixels", view)


def follow_policy(
    session: Session, claim: Claim, asked: Asked, verdict: DecidedVerdict, spot_check_share: float
) -> None:
    """Let happen what the tenant wants after such a verdict, in the verdict's own transaction."""
    facts = Facts(
        verdict.label, find_provenance(verdict.evidence_rows()), kind_of_urgency(asked.urgency)
    )
    happens = choose_happening(read_policy(asked.policy_text), facts)
    if happens == "notify":
        announce_flag(session, claim.check_id)
    elif happens == "queue":
        reason = choose_reason(claim, verdict, 0.0) or "policy"
        open_review(session, claim.tenant_id, claim.check_id, asked.image, reason)
    elif happens == "built-in":
        offer_for_review(session, claim, asked.image, verdict, spot_check_share)


def offer_for_review(
    session: Session, claim: Claim, image: Image, verdict: DecidedVerdict, spot_check_share: float
) -> None:
    """Put the verdict into the moderators' queue, in its own transaction, where one should look."""
    reason = choose_reason(claim, verdict, spot_check_share)
    if reason is not None:
        open_review(session, claim.tenant_id, claim.check_id, image, reason)


def choose_reason(
    claim: Claim, verdict: DecidedVerdict, spot_check_share: float
) -> ReviewReason | None:
    """Why a person should look at this verdict by the built-in rule, if one should."""
    return find_reason(
        verdict.label,
        is_contradicted=any(line.contradicts_pixels for line in verdict.evidence),
        check_id=claim.check_id,
        spot_check_share=spot_check_share,
    )


def keep_scores(
    session: Session, views: Sequence[str], looked: Looked, store: ImageStore
) -> list[PixelScore]:
    """The score that stands for each of these pixels: the first one, another worker's or ours.

    The heatmap is kept before the score, so that no score is without one.
    """
    version, found = looked.info.version, looked.found
    new = []
    for view in dict.fromkeys(views):
        said = found.get(view)
        if isinstance(said, Found):
            store.save("heatmaps", heatmap_name(view, version), said.heatmap_png)
            finding = finding_of_prediction(said.prediction)
            new.append(NewScore(view, finding, said.prediction.trace_distance))
    known = {**looked.scores, **save_scores(session, version, new)}
    # Another worker may have judged equal pixels, and then removed them, since we looked.
    known |= find_scores(session, [view for view in views if view not in known], version)
    for view in views:
        if view not in known:
            raise failure_of(found.get(view)) or ImageNotStored(f"no pixels are kept under {view}")
    return [known[view] for view in views]


def failure_of(said: Found | DetectionFailed | None) -> DetectionFailed | None:
    """On what the detector broke, if it broke."""
    return said if isinstance(said, DetectionFailed) else None


def finding_of_prediction(prediction: Prediction) -> PixelFinding:
    """What the detector found, in the rule's words."""
    return PixelFinding(
        prediction.raw_score,
        prediction.real_photo_p,
        prediction.calibration_count,
        prediction.coverage,
        prediction.doubts,
    )


def finding_of(score: PixelScore) -> PixelFinding:
    """A stored score in the rule's words."""
    return PixelFinding(
        score.raw_score,
        score.real_photo_p,
        score.calibration_count,
        score.coverage,
        tuple(score.doubts),
    )


def facts_of(image: Image) -> ImageFacts:
    """What the decoder found, in the rule's words."""
    return ImageFacts(image.width_px or 0, image.height_px or 0, tuple(image.limits))


def views_of(image: Image) -> list[str]:
    """The hashes of the pictures that the file shows, the canonical one first."""
    return [image.pixels_sha256, *image.further_pixels_sha256] if image.pixels_sha256 else []


def thresholds_of(info: ModelInfo) -> Thresholds:
    """The thresholds that came with the weights."""
    return Thresholds(info.likely_ai_at, info.no_evidence_below, info.min_side_px)
