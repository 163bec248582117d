"""Tables of several detectors side by side; the first is the one that others are compared with."""

from collections.abc import Sequence

from ntf.evaluation.conditions import HEADLINE
from ntf.evaluation.contests import ALL, UNSEEN, Replicates
from ntf.evaluation.figures import DetectorFigures, difference
from ntf.evaluation.markdown import NONE, count_and_share, in_figures, number, percent, section
from ntf.evaluation.plan import PHOTOGRAPHS, REALS


def side_by_side(detectors: Sequence[DetectorFigures]) -> str:
    """Every detector's means under the headline, and how much it differs from the first."""
    if len(detectors) < 2:
        return ""
    first = detectors[0].conditions[HEADLINE.name]
    rows = []
    for index, detector in enumerate(detectors):
        figures = detector.conditions.get(HEADLINE.name)
        if figures is None:
            continue
        groups = {group.group: group for group in figures.groups}
        whole = groups[ALL].against if ALL in groups else {}
        photographs = whole.get(PHOTOGRAPHS, {})
        alarms = {row.kind: row for row in figures.alarms}.get(PHOTOGRAPHS)
        gap = difference(first, figures, ALL, PHOTOGRAPHS, "ap") if index else None
        rows.append(
            [
                detector.name,
                number(photographs, "ap"),
                in_figures(gap, sign=True) if gap else NONE,
                number(whole.get(REALS, {}), "ap"),
                number(groups[UNSEEN].against[PHOTOGRAPHS], "ap") if UNSEEN in groups else NONE,
                percent(photographs, "caught_at_1"),
                number(photographs, "accuracy_shipped", brackets=False),
                number(photographs, "accuracy_balanced", brackets=False),
                count_and_share(alarms) if alarms else NONE,
            ]
        )
    header = [
        "detector",
        "mean AP, photographs",
        "more than the first",
        "mean AP, all reals",
        "not seen, photographs",
        "caught at 1 %",
        "accuracy, shipped",
        "accuracy, balanced",
        "false alarms, photographs",
    ]
    note = (
        "Differences are taken on the same resamples: where the brackets hold 0, neither detector "
        "is shown to be better."
    )
    return section("Detectors side by side", header, rows, note)


def side_by_side_by_generator(detectors: Sequence[DetectorFigures]) -> str:
    """Every detector's AP and accuracy for every generator."""
    if len(detectors) < 2:
        return ""
    present = [detector for detector in detectors if HEADLINE.name in detector.conditions]
    found = [
        {row.generator: row.against[PHOTOGRAPHS] for row in d.conditions[HEADLINE.name].generators}
        for d in present
    ]
    rows = [
        [generator, *(_ap_and_accuracy(rows.get(generator, {})) for rows in found)]
        for generator in found[0]
    ]
    note = (
        "AP and, after the stroke, accuracy at the balanced threshold; against photographs, "
        f"{HEADLINE.name}."
    )
    return section("Detectors by generator", ["generator", *(d.name for d in present)], rows, note)


def _ap_and_accuracy(figures: Replicates) -> str:
    accuracy = number(figures, "accuracy_balanced", brackets=False)
    return f"{number(figures, 'ap', brackets=False)} / {accuracy}"
