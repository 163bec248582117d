"""Each generator against reals of its size, and the means over groups of generators."""

from collections.abc import Sequence
from dataclasses import dataclass

from ntf.evaluation.detectors import (
    LIKELY,
    NO_EVIDENCE,
    NOT_ASSESSABLE,
    UNCERTAIN,
    Findings,
    Thresholds,
)
from ntf.evaluation.metrics import (
    Bools,
    Draws,
    Estimate,
    Floats,
    balanced_accuracy,
    clopper_pearson,
    means,
    rank,
)
from ntf.evaluation.plan import Contest, Indices

Replicates = dict[str, Floats]  # by the figure's name, [R + 1] each
# As the paper groups them; what is not listed here follows by name.
FAMILIES = ("gan", "diffusion", "autoregressive", "multistep", "commercial", "unknown")
ALL, SEEN, UNSEEN = "all", "seen", "unseen"


@dataclass(frozen=True, slots=True)
class GeneratorRow:
    """One generator.

    Attributes:
        reals: how many there are in each set of reals.
        against: figures by set of reals and by name.
        shares: of its images, what they were called, with exact intervals; empty for a detector
            without thresholds.
    """

    generator: str
    family: str
    is_seen: bool
    count: int
    side_px: int
    reals: dict[str, int]
    against: dict[str, Replicates]
    shares: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """The mean over some generators, each weighing the same."""

    group: str
    generators: list[str]
    against: dict[str, Replicates]


def measure_contest(
    contest: Contest, findings: Findings, thresholds: Thresholds | None, draws: Draws
) -> GeneratorRow:
    """One generator against every set of reals."""
    against = {}
    for name, reals in contest.against.items():
        fake_counts = draws.of(contest.generator, len(contest.fakes))
        real_counts = draws.of(f"{name} at {contest.side_px}", len(reals))
        against[name] = _compare(
            findings, contest.fakes, reals, thresholds, (fake_counts, real_counts)
        )
    return GeneratorRow(
        contest.generator,
        contest.family,
        contest.is_seen,
        len(contest.fakes),
        contest.side_px,
        {name: len(reals) for name, reals in contest.against.items()},
        against,
        _shares(findings, contest.fakes, thresholds),
    )


def _compare(
    findings: Findings,
    fakes: Indices,
    reals: Indices,
    thresholds: Thresholds | None,
    counts: tuple[Floats, Floats],
) -> Replicates:
    """Every figure of one contest; those of decisions only where there are thresholds.

    At the shipped threshold `uncertain` counts as "not called AI". `accuracy_verdicts` asks more:
    an abstention is wrong for either class, and so it is at the balanced threshold for images
    that are not assessable.
    """
    ranking = rank(findings.raw_scores[fakes], findings.raw_scores[reals], *counts)
    found = {
        "ap": ranking.ap,
        "auc": ranking.auc,
        "caught_at_1": ranking.caught_at_1,
        "caught_at_5": ranking.caught_at_5,
    }
    if thresholds is None:
        return found
    likely, cleared = findings.verdicts == LIKELY, findings.verdicts == NO_EVIDENCE
    above, below = _answers_at(findings, thresholds.balanced_at)
    return found | {
        "accuracy_shipped": balanced_accuracy(likely[fakes], ~likely[reals], *counts),
        "accuracy_verdicts": balanced_accuracy(likely[fakes], cleared[reals], *counts),
        "accuracy_balanced": balanced_accuracy(above[fakes], below[reals], *counts),
    }


def _shares(
    findings: Findings, fakes: Indices, thresholds: Thresholds | None
) -> dict[str, Estimate]:
    """Plain shares of one generator's images."""
    if thresholds is None:
        return {}
    verdicts = findings.verdicts[fakes]
    hits = {
        "called_likely_ai": verdicts == LIKELY,
        "abstained": (verdicts == UNCERTAIN) | (verdicts == NOT_ASSESSABLE),
        "called_ai_at_balanced": _answers_at(findings, thresholds.balanced_at)[0][fakes],
    }
    return {name: clopper_pearson(int(hit.sum()), len(fakes)) for name, hit in hits.items()}


def _answers_at(findings: Findings, threshold: float) -> tuple[Bools, Bools]:
    """Who was called AI and who was not, [N] each; neither, where nothing could be assessed."""
    assessed = findings.verdicts != NOT_ASSESSABLE
    above = findings.raw_scores >= threshold
    return assessed & above, assessed & ~above


def group_rows(rows: Sequence[GeneratorRow]) -> list[GroupRow]:
    """All generators, those seen in training and those not, and each family."""
    present = {row.family for row in rows}
    families = [f for f in FAMILIES if f in present] + sorted(present - set(FAMILIES))
    groups = {
        ALL: list(rows),
        SEEN: [row for row in rows if row.is_seen],
        UNSEEN: [row for row in rows if not row.is_seen],
    } | {family: [row for row in rows if row.family == family] for family in families}
    return [
        GroupRow(name, [row.generator for row in chosen], _mean_against(chosen))
        for name, chosen in groups.items()
        if chosen
    ]


def _mean_against(rows: Sequence[GeneratorRow]) -> dict[str, Replicates]:
    """Means over generators, for the sets of reals that all of them have."""
    shared = [name for name in rows[0].against if all(name in row.against for row in rows)]
    return {
        name: {
            figure: means([row.against[name][figure] for row in rows])
            for figure in rows[0].against[name]
        }
        for name in shared
    }
