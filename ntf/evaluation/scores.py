"""Scores of a plan's views, kept on disk while they are made."""

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ntf.evaluation.conditions import Condition, Pixels, crop_centre
from ntf.evaluation.detectors import (
    Detector,
    Findings,
    Judge,
    Thresholds,
    judge_with,
)
from ntf.evaluation.errors import EvaluationImpossible
from ntf.evaluation.plan import Plan, View

# As many images are judged before they are written down: what an interruption may cost.
IMAGES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Scored:
    """One detector's findings on a plan.

    Attributes:
        thresholds: None where nothing is known about where its answers begin.
        findings: by the condition's name; each has the order of the plan's views.
    """

    name: str
    version: str
    thresholds: Thresholds | None
    findings: Mapping[str, Findings]


class ScoreStore:
    """A folder with one file for each detector version, manifest, split and condition."""

    def __init__(self, folder: Path, manifest_sha256: str, split: str) -> None:
        self._folder, self._data = folder, f"{manifest_sha256[:12]}.{split}"

    def name(self, version: str) -> str:
        """What tells a detector's scores on these data from all others, fit for a file's name."""
        return re.sub(r"[^A-Za-z0-9_.-]", "_", f"{version}.{self._data}")

    def path(self, version: str, condition: Condition) -> Path:
        """Where these scores are; another recipe under the same name has another file."""
        recipe = hashlib.sha256(condition.recipe.encode()).hexdigest()[:6]
        return self._folder / f"{self.name(version)}.{condition.key}-{recipe}.npz"

    def load(self, version: str, condition: Condition, views: Sequence[View]) -> Findings | None:
        """What was kept, if it is of these very views and can be read."""
        try:
            with self.path(version, condition).open("rb") as file, np.load(file) as stored:
                if str(stored["views"]) != _digest(views):
                    return None
                return Findings(stored["raw_scores"], stored["verdicts"], stored["distances"])
        except (OSError, KeyError, ValueError, zipfile.BadZipFile):
            return None

    def save(
        self, version: str, condition: Condition, views: Sequence[View], found: Findings
    ) -> None:
        """Keep them; a file appears whole or not at all."""
        path = self.path(version, condition)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        with draft.open("wb") as file:
            np.savez_compressed(
                file,
                views=_digest(views),
                raw_scores=found.raw_scores,
                verdicts=found.verdicts,
                distances=found.distances,
            )
        draft.replace(path)


def score_plan(
    detector: Detector | Judge,
    plan: Plan,
    conditions: Sequence[Condition],
    store: ScoreStore,
    advance: Callable[[int], None] = lambda count: None,  # noqa: ARG005
) -> Scored:
    """Judge every view under every condition, going on where an earlier run stopped.

    Args:
        advance: told after every few images how many more are done, those kept before included.
    """
    version, thresholds = detector.name, None
    if isinstance(detector, Judge):
        version, thresholds = detector.version, detector.thresholds
    findings = {}
    for condition in conditions:
        found = store.load(version, condition, plan.views) or Findings.nothing(len(plan.views))
        for done in _judge_missing(detector, plan.views, condition, found):
            if done.is_new:
                store.save(version, condition, plan.views, found)
            advance(done.count)
        findings[condition.name] = found
    return Scored(detector.name, version, thresholds, findings)


@dataclass(frozen=True, slots=True)
class _Done:
    count: int
    is_new: bool


def _judge_missing(
    detector: Detector | Judge, views: Sequence[View], condition: Condition, found: Findings
) -> Iterator[_Done]:
    """Fill in what is missing, a few images at a time."""
    waiting = [index for index in to_judge(views, condition) if np.isnan(found.raw_scores[index])]
    yield _Done(len(views) - len(waiting), is_new=False)
    for start in range(0, len(waiting), IMAGES_AT_ONCE):
        chunk = waiting[start : start + IMAGES_AT_ONCE]
        said = judge_with(detector, [condition(load(views[index])) for index in chunk])
        if not np.isfinite(said.raw_scores).all():
            raise EvaluationImpossible(
                f"{detector.name} gave a score that is no number under {condition.name!r}."
            )
        found.raw_scores[chunk] = said.raw_scores
        found.verdicts[chunk] = said.verdicts
        found.distances[chunk] = said.distances
        yield _Done(len(chunk), is_new=True)


def to_judge(views: Sequence[View], condition: Condition) -> list[int]:
    """Indices of the views that are large enough for a condition."""
    return [index for index, view in enumerate(views) if view.side_px >= condition.min_side_px]


def load(view: View) -> Pixels:
    """The view's pixels [H, W, 3], RGB; these are files that we trust."""
    with Image.open(view.item.path) as image:
        return crop_centre(np.asarray(image.convert("RGB")), view.side_px)


def _digest(views: Sequence[View]) -> str:
    """What tells one list of views from another."""
    lines = "".join(f"{view.item.path.name}\t{view.side_px}\n" for view in views)
    return hashlib.sha256(lines.encode()).hexdigest()
