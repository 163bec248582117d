"""How steady the score of one picture is when it comes at another size or in another encoding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ntf.evaluation.conditions import Condition
from ntf.evaluation.contests import ALL
from ntf.evaluation.detectors import LIKELY, NO_EVIDENCE, with_verdicts
from ntf.evaluation.metrics import Estimate, clopper_pearson, spread
from ntf.evaluation.plan import PHOTOGRAPHS, Plan
from ntf.evaluation.scores import Scored

SIZE, ENCODING = "size", "encoding"


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """How far one image's raw score moves when nothing but its encoding or size changes.

    Attributes:
        change: `encoding`, `size`, or `all` conditions.
        median, p90: of the largest minus the smallest raw score of each image.
        flips: share of images that were called both `likely_ai` and `no_evidence`.
    """

    kind: str
    change: str
    conditions: int
    count: int
    median: float
    p90: float
    flips: Estimate


def measure_spread(plan: Plan, scored: Scored, conditions: Sequence[Condition]) -> list[SpreadRow]:
    """Photographs, hard reals and AI-made images, over encodings, over sizes, and over all."""
    available = [c for c in conditions if c.name in scored.findings]
    chains: Mapping[str, list[Condition]] = {
        ENCODING: [c for c in available if c.kind == ENCODING],
        # The first is the headline: the same encoding at the image's own size.
        SIZE: available[:1] + [c for c in available if c.kind == SIZE],
        ALL: available,
    }
    kinds = {
        PHOTOGRAPHS: [i for i in plan.main if plan.views[i].is_photograph],
        "hard reals": [
            i for i in plan.main if not plan.views[i].item.is_ai and not plan.views[i].is_photograph
        ],
        "AI-made": [i for i in plan.main if plan.views[i].item.is_ai],
    }
    return [
        row
        for kind, chosen in kinds.items()
        for change, chain in chains.items()
        if len(chain) > 1 and (row := _spread_row(kind, change, chosen, chain, scored))
    ]


def _spread_row(
    kind: str,
    change: str,
    chosen: Sequence[int],
    chain: Sequence[Condition],
    scored: Scored,
) -> SpreadRow | None:
    """Over the images that all conditions of the chain can judge."""
    findings = [with_verdicts(scored.findings[c.name], scored.thresholds) for c in chain]
    scores = np.array([found.raw_scores[list(chosen)] for found in findings])
    verdicts = np.array([found.verdicts[list(chosen)] for found in findings])
    judged = ~np.isnan(scores).any(axis=0)
    if not judged.any():
        return None
    widths = spread(scores[:, judged])
    flips = (verdicts == LIKELY).any(axis=0) & (verdicts == NO_EVIDENCE).any(axis=0)
    return SpreadRow(
        kind,
        change,
        len(chain),
        int(judged.sum()),
        float(np.median(widths)),
        float(np.quantile(widths, 0.9)),
        clopper_pearson(int(flips[judged].sum()), int(judged.sum())),
    )
