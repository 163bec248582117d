"""All figures of one detector on a plan, and how two detectors differ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ntf.evaluation.alarms import AlarmRow, measure_alarms
from ntf.evaluation.conditions import Condition
from ntf.evaluation.contests import GeneratorRow, GroupRow, group_rows, measure_contest
from ntf.evaluation.detectors import Findings, Thresholds, with_verdicts
from ntf.evaluation.metrics import (
    Bools,
    Draws,
    Estimate,
    Reliability,
    estimate,
    find_balanced_threshold,
    reliability,
)
from ntf.evaluation.plan import PHOTOGRAPHS, REALS, Contest, Plan
from ntf.evaluation.scores import Scored
from ntf.evaluation.steadiness import SpreadRow, measure_spread


@dataclass(frozen=True, slots=True)
class ConditionFigures:
    """Everything under one condition.

    Attributes:
        alarms: empty for a detector without thresholds.
        calibration: by set of reals; empty where scores are no probabilities.
        best_threshold: for balanced accuracy, found on these very images: for use on others only.
    """

    condition: str
    generators: list[GeneratorRow]
    groups: list[GroupRow]
    alarms: list[AlarmRow]
    calibration: dict[str, Reliability]
    best_threshold: float | None


@dataclass(frozen=True, slots=True)
class DetectorFigures:
    """One detector under all conditions that it has scores for."""

    name: str
    version: str
    thresholds: Thresholds | None
    conditions: dict[str, ConditionFigures]
    spread: list[SpreadRow]


def figure_out(
    plan: Plan,
    scored: Scored,
    conditions: Sequence[Condition],
    draws: Draws,
    advance: Callable[[int], None] = lambda count: None,  # noqa: ARG005
) -> DetectorFigures:
    """All figures of one detector."""
    found = {}
    for condition in conditions:
        if condition.name in scored.findings:
            findings = with_verdicts(scored.findings[condition.name], scored.thresholds)
            found[condition.name] = measure(plan, findings, scored.thresholds, condition, draws)
        advance(1)
    return DetectorFigures(
        scored.name,
        scored.version,
        scored.thresholds,
        found,
        measure_spread(plan, scored, conditions),
    )


def measure(
    plan: Plan,
    findings: Findings,
    thresholds: Thresholds | None,
    condition: Condition,
    draws: Draws,
) -> ConditionFigures:
    """All figures under one condition."""
    contests = [c for c in plan.contests if c.side_px >= condition.min_side_px]
    rows = [measure_contest(contest, findings, thresholds, draws) for contest in contests]
    return ConditionFigures(
        condition.name,
        rows,
        group_rows(rows),
        measure_alarms(plan, findings, thresholds) if thresholds else [],
        measure_calibration(plan, findings, draws),
        _best_threshold(contests, findings),
    )


def measure_calibration(plan: Plan, findings: Findings, draws: Draws) -> dict[str, Reliability]:
    """Calibration error of all AI-made images against photographs, and against all reals.

    Classes weigh the same, and so do generators, whatever their sizes.
    """
    judged = [int(i) for i in plan.main if findings.judged[i]]
    scores = findings.raw_scores[judged]
    if not judged or scores.min() < 0 or scores.max() > 1:
        return {}
    fakes: dict[str, list[int]] = {}
    for index in judged:
        if plan.views[index].item.is_ai:
            fakes.setdefault(plan.views[index].item.source, []).append(index)
    reals = [i for i in judged if not plan.views[i].item.is_ai]
    photographs = [i for i in reals if plan.views[i].is_photograph]
    if not fakes or not photographs:
        return {}
    return {
        PHOTOGRAPHS: _calibrate(findings, {PHOTOGRAPHS: photographs} | fakes, draws),
        REALS: _calibrate(findings, {REALS: reals} | fakes, draws),
    }


def _calibrate(findings: Findings, blocks: dict[str, list[int]], draws: Draws) -> Reliability:
    """The first block are reals, each other one is a generator."""
    shares = [0.5] + [0.5 / (len(blocks) - 1)] * (len(blocks) - 1)
    sizes = [len(block) for block in blocks.values()]
    weights = np.repeat(np.array(shares) / sizes, sizes)
    counts = np.hstack([draws.of(name, len(block)) for name, block in blocks.items()])
    is_ai: Bools = np.arange(sum(sizes)) >= sizes[0]
    scores = findings.raw_scores[np.concatenate(list(blocks.values()))]
    return reliability(scores, is_ai, weights, counts)


def _best_threshold(contests: Sequence[Contest], findings: Findings) -> float | None:
    """Over the generators that share the most common size, each weighing the same."""
    sides = [contest.side_px for contest in contests]
    if not sides:
        return None
    common = [c for c in contests if c.side_px == max(set(sides), key=sides.count)]
    fakes = np.concatenate([findings.raw_scores[c.fakes] for c in common])
    weights = np.concatenate([np.full(len(c.fakes), 1 / len(c.fakes)) for c in common])
    reals = findings.raw_scores[common[0].against[PHOTOGRAPHS]]
    return find_balanced_threshold(fakes, weights, reals)


def difference(
    first: ConditionFigures, other: ConditionFigures, group: str, reals: str, figure: str
) -> Estimate | None:
    """How much more the other detector reaches than the first, on the same resamples."""
    pair = []
    for figures in (first, other):
        rows = [row for row in figures.groups if row.group == group]
        if not rows or figure not in rows[0].against.get(reals, {}):
            return None
        pair.append(rows[0].against[reals][figure])
    return estimate(pair[1] - pair[0])
