"""An evaluation as pictures, for the model card and for looking at what a table hides."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ntf.evaluation.conditions import HEADLINE
from ntf.evaluation.contests import ALL, FAMILIES, SEEN, UNSEEN
from ntf.evaluation.figures import ConditionFigures, DetectorFigures
from ntf.evaluation.metrics import Estimate, Floats, estimate, roc_points
from ntf.evaluation.plan import NEW_PHOTOGRAPHS, PHOTOGRAPHS, REALS, Contest, Plan
from ntf.evaluation.run import Evaluation
from ntf.evaluation.scores import Scored
from ntf.evaluation.tables import TITLES

# Okabe and Ito (2008): told apart by people who see few colours, and in print by lightness.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
GREY = "#8a8a8a"
DPI = 130


def draw_all(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Every plot that the figures allow, as PNG in `folder`; returns the files."""
    first, scored = evaluation.detectors[0], evaluation.scored[0]
    headline = first.conditions[HEADLINE.name]
    title = f"{first.name} on {evaluation.split}"
    figures = {
        "scores": draw_scores(evaluation.plan, scored, title),
        "generators": draw_generators(headline, title),
        "roc": draw_roc(evaluation.plan, scored, title),
        "conditions": draw_conditions(evaluation.detectors, evaluation.split),
        "reliability": draw_reliability(headline, title),
    }
    paths = []
    for name, figure in figures.items():
        if figure is not None:
            paths.append(folder / f"{evaluation.split}-{name}.png")
            figure.savefig(paths[-1], dpi=DPI)
    return paths


def draw_scores(plan: Plan, scored: Scored, title: str) -> Figure:
    """Histograms of raw scores: photographs, hard reals, AI-made images; thresholds as lines."""
    scores = scored.findings[HEADLINE.name].raw_scores
    main = [int(index) for index in plan.main if np.isfinite(scores[index])]
    kinds = {
        "photographs": [i for i in main if plan.views[i].is_photograph],
        "other real images": [
            i for i in main if not plan.views[i].item.is_ai and not plan.views[i].is_photograph
        ],
        "AI-made, not seen": [
            i
            for i in main
            if plan.views[i].item.is_ai and plan.views[i].item.source not in plan.seen
        ],
        "AI-made, seen in training": [
            i for i in main if plan.views[i].item.is_ai and plan.views[i].item.source in plan.seen
        ],
    }
    kinds = {name: chosen for name, chosen in kinds.items() if chosen}
    low, high = min(0.0, scores[main].min()), max(1.0, scores[main].max())
    figure = Figure(figsize=(7, 1.5 * len(kinds) + 0.9), layout="constrained")
    every = figure.subplots(len(kinds), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, (name, chosen), colour in zip(every, kinds.items(), COLOURS, strict=False):
        weights = np.full(len(chosen), 1 / len(chosen))
        axes.hist(scores[chosen], bins=40, range=(low, high), weights=weights, color=colour)
        axes.set_ylabel("of these")
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_title(f"{name} (n = {len(chosen)})", loc="left", fontsize=9)
        _mark_thresholds(axes, scored, with_words=axes is every[0])
        _tidy(axes)
    every[-1].set_xlabel(f"raw score, {HEADLINE.name}")
    figure.suptitle(title, fontsize=10)
    return figure


def _mark_thresholds(axes: Axes, scored: Scored, *, with_words: bool) -> None:
    if scored.thresholds is None:
        return
    lines = {
        "no evidence below": scored.thresholds.no_evidence_below,
        "likely AI from": scored.thresholds.likely_ai_at,
    }
    for name, place in lines.items():
        axes.axvline(place, color="black", linewidth=0.9, linestyle="--")
        if with_words:
            axes.annotate(
                f"{name} {place:.2f}",
                (place, 0.97),
                xycoords=("data", "axes fraction"),
                xytext=(3, 0),
                textcoords="offset points",
                fontsize=7,
                va="top",
            )


def draw_generators(figures: ConditionFigures, title: str) -> Figure | None:
    """AP of every generator against photographs with its interval, by family."""
    rows = sorted(
        figures.generators,
        key=lambda row: (
            FAMILIES.index(row.family) if row.family in FAMILIES else len(FAMILIES),
            row.family,
            row.generator,
        ),
    )
    if not rows:
        return None
    figure = Figure(figsize=(7, 0.32 * len(rows) + 1.6), layout="constrained")
    axes = figure.subplots()
    colours = _colour_families([row.family for row in rows])
    for place, row in enumerate(rows):
        found = estimate(row.against[PHOTOGRAPHS]["ap"])
        _draw_point(axes, found, place, colours[row.family], filled=not row.is_seen)
    mean = estimate({g.group: g for g in figures.groups}[ALL].against[PHOTOGRAPHS]["ap"])
    axes.axvline(mean.value, color=GREY, linewidth=1)
    axes.annotate(
        f"mean {mean.value:.3f}",
        (mean.value, 1),
        xycoords=("data", "axes fraction"),
        xytext=(3, 2),
        textcoords="offset points",
        fontsize=8,
        color=GREY,
    )
    labels = [f"{row.generator}  (n = {row.count})" for row in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=8)
    axes.invert_yaxis()
    _show_ap(axes)
    for family, colour in colours.items():
        axes.plot([], [], "o", color=colour, label=TITLES.get(family, family))
    axes.plot([], [], "o", color="black", markerfacecolor="white", label="seen in training")
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.set_xlabel(f"average precision against photographs, {figures.condition}")
    figure.suptitle(title, fontsize=10)
    return figure


def draw_roc(plan: Plan, scored: Scored, title: str) -> Figure | None:
    """Share caught by share of false alarms for each family; few false alarms are drawn wide."""
    findings = scored.findings[HEADLINE.name]
    families: dict[str, list[Contest]] = {}
    for contest in plan.contests:
        families.setdefault(contest.family, []).append(contest)
    if not families:
        return None
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    axes = figure.subplots()
    grid = np.geomspace(0.001, 1, 400)
    colours = _colour_families(list(families))
    for family, colour in colours.items():
        curves = [_caught_on(grid, contest, findings.raw_scores) for contest in families[family]]
        label = f"{TITLES.get(family, family)} ({len(curves)})"
        axes.plot(grid, np.mean(curves, axis=0), color=colour, label=label, linewidth=1.6)
    axes.plot(grid, grid, color=GREY, linewidth=1, linestyle=":", label="chance")
    for level in (0.01, 0.05):
        axes.axvline(level, color=GREY, linewidth=0.7)
    axes.set_xscale("log")
    axes.set_xlim(0.001, 1)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xticks([0.001, 0.01, 0.05, 0.1, 1], ["0.1 %", "1 %", "5 %", "10 %", "100 %"])
    axes.set_xlabel(f"false alarms on photographs, {HEADLINE.name}")
    axes.set_ylabel("caught, mean over generators")
    axes.legend(fontsize=8, loc="upper left", frameon=False)
    _tidy(axes)
    figure.suptitle(title, fontsize=10)
    return figure


def _caught_on(grid: Floats, contest: Contest, scores: Floats) -> Floats:
    """The share caught with at most each share of false alarms."""
    fakes = scores[contest.fakes]
    alarms, caught = roc_points(fakes, np.ones(len(fakes)), scores[contest.against[PHOTOGRAPHS]])
    best: Floats = caught[np.searchsorted(alarms, grid + 1e-9, side="right") - 1]
    return best


def draw_conditions(detectors: Sequence[DetectorFigures], split: str) -> Figure | None:
    """Mean AP under every condition: of several detectors, or of one by novelty."""
    series: dict[str, dict[str, Estimate]] = {}
    if len(detectors) > 1:
        for detector in detectors:
            series[detector.name] = _means_by_condition(detector, ALL, PHOTOGRAPHS)
    else:
        series["all generators, photographs"] = _means_by_condition(detectors[0], ALL, PHOTOGRAPHS)
        series["all generators, all reals"] = _means_by_condition(detectors[0], ALL, REALS)
        series["seen generators, photographs"] = _means_by_condition(
            detectors[0], SEEN, PHOTOGRAPHS
        )
        series["new generators, photographs of new sources"] = _means_by_condition(
            detectors[0], UNSEEN, NEW_PHOTOGRAPHS
        )
    series = {name: found for name, found in series.items() if found}
    if not series:
        return None
    names = list(dict.fromkeys(name for found in series.values() for name in found))
    height = (0.1 * len(series) + 0.2) * len(names) + 1.6
    figure = Figure(figsize=(7, height), layout="constrained")
    axes = figure.subplots()
    for index, (label, found) in enumerate(series.items()):
        shift = (index - (len(series) - 1) / 2) * 0.7 / len(series)
        colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
        for name, value in found.items():
            _draw_point(axes, value, names.index(name) + shift, colour, marker=marker)
        axes.plot([], [], marker, color=colour, label=label)
    for place in range(1, len(names)):
        axes.axhline(place - 0.5, color="#e5e5e5", linewidth=0.8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    _show_ap(axes)
    axes.set_xlabel("mean over generators of the average precision")
    figure.legend(loc="outside lower center", fontsize=8, ncols=2 if len(series) > 2 else 1)
    figure.suptitle(f"By condition, on {split}", fontsize=10)
    return figure


def _means_by_condition(detector: DetectorFigures, group: str, reals: str) -> dict[str, Estimate]:
    found = {}
    for name, figures in detector.conditions.items():
        groups = {row.group: row for row in figures.groups}
        if group in groups and reals in groups[group].against:
            found[name] = estimate(groups[group].against[reals]["ap"])
    return found


def draw_reliability(figures: ConditionFigures, title: str) -> Figure | None:
    """Share of AI-made images by score; below, how many images have that score."""
    if not figures.calibration:
        return None
    figure = Figure(figsize=(5, 5.9), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="what it should be")
    for index, (reals, found) in enumerate(figures.calibration.items()):
        error = estimate(found.error)
        label = f"against {reals}: ECE {error.value:.3f}"
        if np.isfinite(error.low):
            label += f" [{error.low:.3f} to {error.high:.3f}]"
        filled = np.isfinite(found.said)
        upper.plot(
            found.said[filled],
            found.found[filled],
            marker=MARKERS[index],
            color=COLOURS[index],
            label=label,
            markersize=4,
            linewidth=1.2,
        )
        edges = np.linspace(0, 1, len(found.weight) + 1)
        lower.stairs(found.weight, edges, color=COLOURS[index], fill=index == 0, alpha=0.6)
    upper.set_ylim(0, 1)
    upper.set_ylabel("share that is AI-made")
    figure.legend(fontsize=8, loc="outside lower center", frameon=False)
    lower.set_ylabel("share of images")
    lower.set_xlim(0, 1)
    lower.set_xlabel(f"raw score, {figures.condition}; both classes weigh the same")
    for axes in (upper, lower):
        _tidy(axes)
    figure.suptitle(title, fontsize=10)
    return figure


def _draw_point(
    axes: Axes,
    found: Estimate,
    place: float,
    colour: str,
    *,
    marker: str = "o",
    filled: bool = True,
) -> None:
    """A value with its interval, lying."""
    if np.isfinite(found.low):
        axes.plot([found.low, found.high], [place, place], color=colour, linewidth=1.4)
    face = colour if filled else "white"
    axes.plot(
        [found.value], [place], marker, color=colour, markerfacecolor=face, markersize=5, zorder=3
    )


def _show_ap(axes: Axes) -> None:
    """From below chance to the best, with chance marked."""
    left = min(0.45, axes.get_xlim()[0])
    axes.set_xlim(left, 1.005)
    axes.axvline(0.5, color=GREY, linewidth=1, linestyle=":")
    _tidy(axes)


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)


def _colour_families(families: Sequence[str]) -> dict[str, str]:
    """One colour for each, in the paper's order; the same family has the same in every plot."""
    known = [family for family in FAMILIES if family in families]
    others = sorted(set(families) - set(FAMILIES))
    places = [FAMILIES.index(family) for family in known] + [len(FAMILIES)] * len(others)
    return {
        family: COLOURS[place % len(COLOURS)]
        for family, place in zip([*known, *others], places, strict=True)
    }
