"""What can be evaluated: the shipped predictor, and whatever else gives scores to pixels."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ntf import predictor
from ntf.evaluation.conditions import Pixels
from ntf.predictor import ModelInfo, Prediction, Predictor

Verdict = Literal["likely_ai", "uncertain", "no_evidence", "not_assessable"]
VERDICTS: tuple[Verdict, ...] = ("likely_ai", "uncertain", "no_evidence", "not_assessable")
LIKELY, UNCERTAIN, NO_EVIDENCE, NOT_ASSESSABLE = range(len(VERDICTS))
NO_VERDICT = -1
# To be raised with every change of `decide`: kept scores hold its answers.
RULE = 2
OUTSIDE, DISAGREEMENT = {"flat_graphic", "destroyed"}, "looks_disagree"
# A calibrated probability says both classes alike here, where both are as common.
EVEN = 0.5


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where answers begin, on the raw score.

    Attributes:
        likely_ai_at, no_evidence_below: of the verdicts, as shipped.
        balanced_at: for a plain yes or no with both classes as common; chosen on other images.
    """

    likely_ai_at: float
    no_evidence_below: float
    balanced_at: float = EVEN


@dataclass(frozen=True, slots=True)
class Findings:
    """What a detector said of N images under one condition.

    Attributes:
        raw_scores: [N], higher is more likely AI-made; NaN where an image was not judged.
        verdicts: [N], an index into `VERDICTS`, or `NO_VERDICT`.
        distances: [N], trace distances, or NaN.
    """

    raw_scores: NDArray[np.float64]
    verdicts: NDArray[np.int8]
    distances: NDArray[np.float64]

    @classmethod
    def nothing(cls, count: int) -> "Findings":
        """Arrays to be filled."""
        return cls(
            np.full(count, np.nan), np.full(count, NO_VERDICT, np.int8), np.full(count, np.nan)
        )

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Whether each image was judged, [N]."""
        return ~np.isnan(self.raw_scores)


class Detector(Protocol):
    """The least that can be evaluated. A name must stand for one state of the weights alone."""

    @property
    def name(self) -> str:
        """What the tables call it; scores are kept under this name."""

    def score(self, images: Sequence[Pixels]) -> NDArray[np.float64]:
        """Raw scores [N] of images [H, W, 3], RGB; higher is more likely AI-made."""


@runtime_checkable
class Judge(Protocol):
    """A detector that also gives verdicts, and has thresholds of its own."""

    @property
    def name(self) -> str:
        """What the tables call it."""

    @property
    def version(self) -> str:
        """Another one for other weights or thresholds; scores are kept under it."""

    @property
    def thresholds(self) -> Thresholds:
        """As shipped."""

    def judge(self, images: Sequence[Pixels]) -> Findings:
        """Scores and verdicts of images [H, W, 3], RGB."""


class ShippedDetector:
    """The predictor that serving uses, with its verdicts."""

    def __init__(self, loaded: Predictor, version: str, at_once: int = 1) -> None:
        self._predictor, self._at_once = loaded, at_once
        self.name = loaded.info.version
        self.version = version
        self.thresholds = Thresholds(
            loaded.info.likely_ai_at,
            loaded.info.no_evidence_below,
            getattr(loaded.info, "balanced_at", EVEN),
        )

    @classmethod
    def load(
        cls, path: Path | None = None, *, threads: int = 1, device: str = "cpu"
    ) -> "ShippedDetector":
        """Load weights, as `Predictor.load` does; None means the shipped ones.

        Args:
            threads: images judged at once.

        Raises:
            DetectorUnavailable: there are none, or they are none of ours.
        """
        loaded = Predictor.load(path, device=device)
        digest = hash_content(path or predictor.SHIPPED)
        return cls(loaded, f"{loaded.info.version}-{digest[:8]}-rule{RULE}", threads)

    def judge(self, images: Sequence[Pixels]) -> Findings:
        """Scores and verdicts of images [H, W, 3], RGB."""
        found = Findings.nothing(len(images))
        # Images at once, a thread each, use a CPU better than one image over all threads.
        with ThreadPoolExecutor(self._at_once) as pool:
            predictions = list(pool.map(lambda image: self._predictor.predict([image])[0], images))
        for index, (image, prediction) in enumerate(zip(images, predictions, strict=True)):
            found.raw_scores[index] = prediction.raw_score
            found.distances[index] = prediction.trace_distance
            verdict = decide(prediction, min(image.shape[:2]), self._predictor.info)
            found.verdicts[index] = VERDICTS.index(verdict)
        return found


def decide(prediction: Prediction, short_side_px: int, info: ModelInfo) -> Verdict:
    """The verdict that serving would give: abstain first, then the two thresholds.

    The service has this rule in a package that a plain library may not import. It is written a
    second time here and nowhere else.
    """
    if short_side_px < info.min_side_px or OUTSIDE & set(prediction.doubts):
        return "not_assessable"
    if DISAGREEMENT in prediction.doubts:
        return "uncertain"
    return decide_by_score(prediction.raw_score, info.likely_ai_at, info.no_evidence_below)


def decide_by_score(raw_score: float, likely_ai_at: float, no_evidence_below: float) -> Verdict:
    """The two thresholds, and `uncertain` between them."""
    if raw_score >= likely_ai_at:
        return "likely_ai"
    return "no_evidence" if raw_score < no_evidence_below else "uncertain"


def with_verdicts(findings: Findings, thresholds: Thresholds | None) -> Findings:
    """Verdicts by score alone for a detector that has thresholds and gave none of its own."""
    missing = (findings.verdicts == NO_VERDICT) & findings.judged
    if thresholds is None or not missing.any():
        return findings
    verdicts = findings.verdicts.copy()
    for index in np.flatnonzero(missing):
        verdict = decide_by_score(
            findings.raw_scores[index], thresholds.likely_ai_at, thresholds.no_evidence_below
        )
        verdicts[index] = VERDICTS.index(verdict)
    return Findings(findings.raw_scores, verdicts, findings.distances)


def judge_with(detector: Detector | Judge, images: Sequence[Pixels]) -> Findings:
    """What any detector says of images; without verdicts where it gives none."""
    if isinstance(detector, Judge):
        return detector.judge(images)
    found = Findings.nothing(len(images))
    found.raw_scores[:] = detector.score(images)
    return found


def hash_content(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in sorted(found for found in path.rglob("*") if found.is_file()):
        digest.update(f"{file.relative_to(path)}\0{hash_content(file)}\n".encode())
    return digest.hexdigest()
