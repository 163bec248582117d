"""From a manifest and detectors to all figures; what the command and notebooks call."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ntf.evaluation.conditions import Condition
from ntf.evaluation.detectors import Detector, Findings, Judge
from ntf.evaluation.figures import DetectorFigures, figure_out
from ntf.evaluation.metrics import Draws
from ntf.evaluation.plan import Plan, make_plan
from ntf.evaluation.score_table import read_scores, write_scores
from ntf.evaluation.scores import Scored, ScoreStore, score_plan
from ntf.manifest import hash_manifest, read_manifest

RESAMPLES = 1000
Progress = Callable[[str, int], Callable[[int], None]]


def no_progress(label: str, total: int) -> Callable[[int], None]:  # noqa: ARG001
    """For callers that show none."""
    return lambda count: None  # noqa: ARG005


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of one split; the first detector is the one that others are compared with."""

    split: str
    manifest_sha256: str
    resamples: int
    plan: Plan
    conditions: Sequence[Condition]
    detectors: list[DetectorFigures]
    scored: list[Scored]


def evaluate(
    manifest: Path,
    split: str,
    detectors: Iterable[Detector | Judge | Path],
    conditions: Sequence[Condition],
    folder: Path,
    *,
    with_distance: bool = False,
    balanced_at: float | None = None,
    resamples: int = RESAMPLES,
    progress: Progress = no_progress,
) -> Evaluation:
    """Judge a split with every detector and work out the figures.

    Args:
        manifest: the TSV file; images are named from its folder on.
        detectors: objects that score pixels, and files of ready scores (see `score_table`); an
            iterator is asked for the next one only when it is needed.
        conditions: the headline first (see `choose_conditions`).
        folder: scores are kept in its `scores/`, so that the next run goes on from there.
        with_distance: set the trace distance alone beside every detector that gives one.
        balanced_at: threshold for the balanced accuracy of every detector that has thresholds;
            it must come from other images. None leaves each its own.
        progress: given a label and a total, returns what is told of each advance.

    Raises:
        ManifestInvalid: it cannot be read.
        EvaluationImpossible: the split or ready scores do not allow the figures.
    """
    items = read_manifest(manifest)
    plan = make_plan(items, split)
    digest = hash_manifest(manifest)
    store = ScoreStore(folder / "scores", digest, split)
    scored = []
    for detector in detectors:
        if isinstance(detector, Path):
            found = read_scores(detector, plan, conditions, manifest.parent)
        else:
            advance = progress(detector.name, len(plan.views) * len(conditions))
            found = score_plan(detector, plan, conditions, store, advance)
            write_scores(folder / f"{store.name(found.version)}.npz", found, plan, manifest.parent)
        scored.append(_with_balanced(found, balanced_at))
        if with_distance and (alone := distance_alone(found)):
            scored.append(alone)
    draws = Draws(resamples)
    advance = progress("figures", len(scored) * len(conditions))
    figures = [figure_out(plan, found, conditions, draws, advance) for found in scored]
    return Evaluation(split, digest, resamples, plan, conditions, figures, scored)


def distance_alone(scored: Scored) -> Scored | None:
    """The distance from the trace as if it were a detector: what the trace knows by itself."""
    findings = {
        name: Findings.nothing(len(found.raw_scores)) for name, found in scored.findings.items()
    }
    for name, found in scored.findings.items():
        if np.isnan(found.distances[found.judged]).any():
            return None
        findings[name].raw_scores[:] = found.distances
    return Scored(f"{scored.name}, distance alone", f"{scored.version}-distance", None, findings)


def _with_balanced(scored: Scored, balanced_at: float | None) -> Scored:
    if balanced_at is None or scored.thresholds is None:
        return scored
    return replace(scored, thresholds=replace(scored.thresholds, balanced_at=balanced_at))
