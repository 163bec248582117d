"""An evaluation as Markdown tables, for a terminal and for the model card."""

from ntf.evaluation.alarms import HARD_KINDS
from ntf.evaluation.comparison import side_by_side, side_by_side_by_generator
from ntf.evaluation.conditions import DECLARED, HEADLINE
from ntf.evaluation.contests import ALL, SEEN, UNSEEN, GeneratorRow, GroupRow
from ntf.evaluation.figures import ConditionFigures, DetectorFigures
from ntf.evaluation.markdown import (
    NONE,
    count_and_share,
    in_figures,
    in_percent,
    number,
    percent,
    section,
)
from ntf.evaluation.metrics import estimate
from ntf.evaluation.plan import NEW_PHOTOGRAPHS, PHOTOGRAPHS, REALS
from ntf.evaluation.run import Evaluation

TITLES = {
    "gan": "GANs",
    "diffusion": "Diffusion",
    "autoregressive": "Autoregressive",
    "multistep": "Multi-step",
    "commercial": "Commercial",
    "unknown": "Unknown",
    ALL: "All generators",
    SEEN: "Seen in training",
    UNSEEN: "Not seen in training",
}
METHOD = """\
Every generator is set against real images of its own size; both classes weigh the same, and in a
mean every generator does. Brackets hold 95 % intervals: percentiles over {resamples:,} resamples of
the images within each generator and within the reals, and for shares of real images the exact
binomial interval. They say how much other images from these same sources would change the figure;
about other generators and other sources they say nothing. *Seen* means that the manifest's split
`train` has a source of that name (other images of it)."""


def in_markdown(evaluation: Evaluation) -> str:
    """All tables: the detectors side by side, then everything of the first."""
    first = evaluation.detectors[0]
    headline = first.conditions[HEADLINE.name]
    counts = evaluation.plan.counts
    parts = [
        f"# {first.name} on `{evaluation.split}`",
        f"{counts['ai']} AI-made images, {counts['photographs']} photographs, {counts['hard']} "
        f"other real images. Headline: {HEADLINE.name}, both classes alike.",
        METHOD.format(resamples=evaluation.resamples),
        side_by_side(evaluation.detectors),
        side_by_side_by_generator(evaluation.detectors),
        by_generator(headline),
        by_novelty(headline),
        by_condition(first),
        verdicts_by_generator(first, headline),
        false_alarms(first, headline),
        false_alarms_by_stratum(first),
        spread_of_scores(first),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def by_generator(figures: ConditionFigures) -> str:
    """The paper's groups: for each family its mean, then its generators."""
    rows = []
    for group in figures.groups:
        if group.group in (ALL, SEEN, UNSEEN):
            continue
        members = [row for row in figures.generators if row.family == group.group]
        title = TITLES.get(group.group, group.group)
        if len(members) > 1:
            count = sum(row.count for row in members)
            rows.append([f"**{title}, mean of {len(members)}**", "", str(count), *_ranks(group)])
        for row in members:
            name = row.generator if len(members) > 1 else f"**{title}:** {row.generator}"
            size = "" if row.side_px == 256 else f" ({row.side_px} px)"
            seen = "yes" if row.is_seen else "no"
            rows.append([f"{name}{size}", seen, str(row.count), *_ranks(row)])
    for group in figures.groups:
        if group.group == ALL:
            count = sum(row.count for row in figures.generators)
            title = f"**Mean of all {len(group.generators)} generators**"
            rows.append([title, "", str(count), *_ranks(group)])
    header = [
        "generator",
        "seen",
        "n",
        "AP, photographs",
        "AP, all reals",
        "AUC",
        "accuracy, shipped",
        "accuracy, balanced",
        "caught at 1 %",
        "caught at 5 %",
    ]
    note = (
        "Against photographs where a column says nothing else. Accuracy is the mean of both "
        "classes, at the shipped `likely_ai` threshold and at the balanced one; caught: at 1 % and "
        "5 % false alarms on these photographs."
    )
    return section("By generator", header, rows, note)


def _ranks(row: GeneratorRow | GroupRow) -> list[str]:
    photographs, reals = row.against[PHOTOGRAPHS], row.against.get(REALS, {})
    return [
        number(photographs, "ap"),
        number(reals, "ap"),
        number(photographs, "auc", brackets=False),
        number(photographs, "accuracy_shipped", brackets=False),
        number(photographs, "accuracy_balanced", brackets=False),
        percent(photographs, "caught_at_1"),
        percent(photographs, "caught_at_5"),
    ]


def by_novelty(figures: ConditionFigures) -> str:
    """Seen generators apart from new ones, against photographs of seen and of new sources."""
    rows = [
        [
            f"{TITLES[group.group]} ({len(group.generators)})",
            *(
                number(group.against.get(reals, {}), "ap")
                for reals in (PHOTOGRAPHS, NEW_PHOTOGRAPHS, REALS)
            ),
            percent(group.against.get(PHOTOGRAPHS, {}), "caught_at_1"),
            percent(group.against.get(NEW_PHOTOGRAPHS, {}), "caught_at_1"),
        ]
        for group in figures.groups
        if group.group in (ALL, SEEN, UNSEEN)
    ]
    header = [
        "mean AP",
        "photographs",
        "photographs of sources not seen",
        "all reals",
        "caught at 1 %",
        "caught at 1 %, sources not seen",
    ]
    return section("Seen in training or not", header, rows)


def by_condition(detector: DetectorFigures) -> str:
    """The means over generators under every condition, and the calibration error."""
    rows = []
    for name, figures in detector.conditions.items():
        groups = {group.group: group for group in figures.groups}
        whole = groups[ALL].against if ALL in groups else {}
        unseen = groups[UNSEEN].against if UNSEEN in groups else {}
        errors = [figures.calibration.get(reals) for reals in (PHOTOGRAPHS, REALS)]
        rows.append(
            [
                name,
                number(whole.get(PHOTOGRAPHS, {}), "ap"),
                number(unseen.get(PHOTOGRAPHS, {}), "ap"),
                number(whole.get(REALS, {}), "ap"),
                percent(whole.get(PHOTOGRAPHS, {}), "caught_at_1"),
                percent(whole.get(PHOTOGRAPHS, {}), "caught_at_5"),
                number(whole.get(PHOTOGRAPHS, {}), "accuracy_balanced", brackets=False),
                *(in_figures(estimate(e.error), brackets=False) if e else NONE for e in errors),
            ]
        )
    header = [
        "condition",
        "mean AP, photographs",
        "not seen, photographs",
        "mean AP, all reals",
        "caught at 1 %",
        "caught at 5 %",
        "accuracy, balanced",
        "ECE, photographs",
        "ECE, all reals",
    ]
    note = "ECE: expected calibration error over 15 bins, classes weighing the same."
    return section("By condition", header, rows, note)


def verdicts_by_generator(detector: DetectorFigures, figures: ConditionFigures) -> str:
    """What each generator's images were called, abstentions counted as wrong."""
    if detector.thresholds is None:
        return ""
    rows = []
    for row in figures.generators:
        photographs = row.against[PHOTOGRAPHS]
        is_midjourney = row.generator.startswith("midjourney")
        rows.append(
            [
                f"**{row.generator}**" if is_midjourney else row.generator,
                str(row.count),
                in_percent(row.shares["called_likely_ai"]),
                in_percent(row.shares["abstained"]),
                number(photographs, "accuracy_verdicts"),
                in_percent(row.shares["called_ai_at_balanced"]),
                number(photographs, "accuracy_balanced"),
            ]
        )
    header = [
        "generator",
        "n",
        "called `likely_ai`",
        "abstained",
        "accuracy of verdicts",
        "called AI at the balanced threshold",
        "accuracy at the balanced threshold",
    ]
    note = (
        "Abstentions count as wrong for both classes: `uncertain` and `not_assessable` in the "
        "accuracy of verdicts, `not_assessable` at the balanced threshold "
        f"({detector.thresholds.balanced_at:.3f}). Accuracies are the mean of both classes, "
        "against photographs."
    )
    return section("Verdicts on AI-made images", header, rows, note)


def false_alarms(detector: DetectorFigures, figures: ConditionFigures) -> str:
    """What real images were called, by kind and by source."""
    if detector.thresholds is None:
        return ""
    rows = [
        [
            row.kind,
            str(row.count),
            count_and_share(row),
            str(row.called["uncertain"]),
            str(row.called["not_assessable"]),
            in_percent(row.not_cleared),
            in_percent(row.at_balanced),
        ]
        for row in figures.alarms
    ]
    header = [
        "real images",
        "n",
        "called `likely_ai`",
        "`uncertain`",
        "`not_assessable`",
        "not `no_evidence`, all together",
        "called AI at the balanced threshold",
    ]
    note = (
        f"`likely_ai` begins at {detector.thresholds.likely_ai_at:.3f}, `no_evidence` ends at "
        f"{detector.thresholds.no_evidence_below:.3f}. {figures.condition}."
    )
    return section("False alarms", header, rows, note)


def false_alarms_by_stratum(detector: DetectorFigures) -> str:
    """False alarms under every condition; those that a promise is made for come first."""
    if detector.thresholds is None:
        return ""
    names = [name for name in DECLARED if name in detector.conditions]
    names += [name for name in detector.conditions if name not in DECLARED]
    rows = []
    for name in names:
        kinds = {row.kind: row for row in detector.conditions[name].alarms}
        cells = [kinds.get(kind) for kind in (PHOTOGRAPHS, HARD_KINDS)]
        rows.append(
            [
                name if name in DECLARED else f"{name} *",
                *(count_and_share(row) if row else NONE for row in cells),
                *(in_percent(row.not_cleared) if row else NONE for row in cells),
            ]
        )
    header = [
        "condition",
        "photographs called `likely_ai`",
        "hard kinds called `likely_ai`",
        "photographs not `no_evidence`",
        "hard kinds not `no_evidence`",
    ]
    note = "Strata without a star are those that a rate is promised for; a star promises nothing."
    return section("False alarms by compression and size", header, rows, note)


def spread_of_scores(detector: DetectorFigures) -> str:
    """How steady one image's score is."""
    rows = [
        [
            row.kind,
            f"{row.change} ({row.conditions})",
            str(row.count),
            f"{row.median:.3f}",
            f"{row.p90:.3f}",
            in_percent(row.flips) if detector.thresholds else NONE,
        ]
        for row in detector.spread
    ]
    header = ["images", "over", "n", "median spread", "90th percentile", "verdict flips"]
    note = (
        "Spread: the largest minus the smallest raw score of one image over encodings, over sizes, "
        "or over all conditions. A flip: called `likely_ai` under one and `no_evidence` under "
        "another."
    )
    return section("Spread of one image's scores", header, rows, note)
