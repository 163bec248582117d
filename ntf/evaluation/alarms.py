"""What real images are called, by kind and by source, with exact intervals."""

from dataclasses import dataclass

import numpy as np

from ntf.evaluation.contests import SEEN, UNSEEN
from ntf.evaluation.detectors import NOT_ASSESSABLE, VERDICTS, Findings, Thresholds, Verdict
from ntf.evaluation.metrics import Estimate, clopper_pearson
from ntf.evaluation.plan import PHOTOGRAPHS, Indices, Plan, View

HARD_KINDS = "all hard kinds"


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """What one kind of real images was called.

    Attributes:
        called: how many got each verdict.
        likely_ai: their share, with its exact interval.
        not_cleared: the share of all that were not told `no_evidence`, abstentions included.
        at_balanced: the share at or above the balanced threshold.
    """

    kind: str
    count: int
    called: dict[Verdict, int]
    likely_ai: Estimate
    not_cleared: Estimate
    at_balanced: Estimate


def measure_alarms(plan: Plan, findings: Findings, thresholds: Thresholds) -> list[AlarmRow]:
    """Photographs, those of seen and of new sources, every hard kind, and every source."""
    groups: dict[str, list[int]] = {}
    for index in plan.main:
        view = plan.views[index]
        if not view.item.is_ai and findings.judged[index]:
            for group in _groups_of(view, plan.seen):
                groups.setdefault(group, []).append(int(index))
    ordered = {name: groups[name] for name in sorted(groups, key=_place)}
    return [
        _alarm_row(kind, np.array(chosen), findings, thresholds) for kind, chosen in ordered.items()
    ]


def _groups_of(view: View, seen: frozenset[str]) -> tuple[str, ...]:
    """The rows that an image counts in."""
    if not view.is_photograph:
        return HARD_KINDS, view.item.source
    novelty = SEEN if view.item.source in seen else UNSEEN
    return PHOTOGRAPHS, f"photographs, {novelty} sources", f"photographs: {view.item.source}"


def _place(group: str) -> tuple[int, str]:
    """Totals first, then the hard kinds, then the sources of photographs."""
    if group == PHOTOGRAPHS:
        return 0, group
    if group.startswith("photographs, "):
        return 1, group
    if group == HARD_KINDS:
        return 2, group
    return (4 if group.startswith("photographs: ") else 3), group


def _alarm_row(kind: str, chosen: Indices, findings: Findings, thresholds: Thresholds) -> AlarmRow:
    called = {
        verdict: int((findings.verdicts[chosen] == code).sum())
        for code, verdict in enumerate(VERDICTS)
    }
    above = (findings.raw_scores >= thresholds.balanced_at) & (findings.verdicts != NOT_ASSESSABLE)
    return AlarmRow(
        kind,
        len(chosen),
        called,
        clopper_pearson(called["likely_ai"], len(chosen)),
        clopper_pearson(len(chosen) - called["no_evidence"], len(chosen)),
        clopper_pearson(int(above[chosen].sum()), len(chosen)),
    )
