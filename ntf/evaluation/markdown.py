"""Figures and tables as Markdown."""

import math
from collections.abc import Sequence

from ntf.evaluation.alarms import AlarmRow
from ntf.evaluation.contests import Replicates
from ntf.evaluation.metrics import Estimate, estimate

NONE = "–"


def section(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], note: str = ""
) -> str:
    """A heading, perhaps a note, and a table; nothing where there are no rows."""
    if not rows:
        return ""
    lines = [list(header), ["---"] * len(header), *rows]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return "\n\n".join(part for part in (f"## {title}", note, table) if part)


def number(figures: Replicates, name: str, *, brackets: bool = True) -> str:
    """A figure of 0 to 1 with three places."""
    return in_figures(estimate(figures[name]), brackets=brackets) if name in figures else NONE


def percent(figures: Replicates, name: str) -> str:
    """A share in percent with its interval."""
    return in_percent(estimate(figures[name])) if name in figures else NONE


def in_figures(found: Estimate, *, brackets: bool = True, sign: bool = False) -> str:
    """As 0.777 [0.754 to 0.799]."""
    form = "+.3f" if sign else ".3f"
    text = f"{found.value:{form}}"
    if not brackets or not math.isfinite(found.low):
        return text
    return f"{text} [{found.low:{form}} to {found.high:{form}}]"


def in_percent(found: Estimate) -> str:
    """As 14 % [11 to 18]; one place below 10 %."""
    if not math.isfinite(found.value):
        return NONE
    text = f"{_places(found.value)} %"
    if not math.isfinite(found.low):
        return text
    return f"{text} [{_places(found.low)} to {_places(found.high)}]"


def _places(share: float) -> str:
    return f"{share * 100:.1f}" if 0 < share < 0.0995 else f"{share * 100:.0f}"


def count_and_share(row: AlarmRow) -> str:
    """How often `likely_ai` was said, as 7 = 1.0 % [0.4 to 2.1]."""
    return f"{row.called['likely_ai']} = {in_percent(row.likely_ai)}"
