"""Scores as one table in a file: for another run's comparison, or made by a tool of one's own.

Columns of equal length: `image` (its file, from the manifest's folder on), `side_px`, `condition`,
`raw_score`, and perhaps `verdict`. Beside them the scalars `name` and perhaps `version` and
`thresholds` (likely_ai_at, no_evidence_below, balanced_at).
"""

import zipfile
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ntf.evaluation.conditions import Condition
from ntf.evaluation.detectors import NO_VERDICT, VERDICTS, Findings, Thresholds
from ntf.evaluation.errors import EvaluationImpossible
from ntf.evaluation.plan import Plan, View
from ntf.evaluation.scores import Scored, to_judge

Key = tuple[str, int, str]
Table = dict[str, NDArray[np.generic]]


def write_scores(path: Path, scored: Scored, plan: Plan, root: Path) -> None:
    """Write all scores of a plan; `root` is the manifest's folder."""
    files = np.array([_name(view, root) for view in plan.views])
    sides = np.array([view.side_px for view in plan.views])
    parts = []
    for condition, found in scored.findings.items():
        judged = np.flatnonzero(~np.isnan(found.raw_scores))
        parts.append(
            (
                files[judged],
                sides[judged],
                np.full(len(judged), condition),
                found.raw_scores[judged],
                found.verdicts[judged],
            )
        )
    columns = ("image", "side_px", "condition", "raw_score", "verdict")
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    table: Table = dict(zip(columns, joined, strict=True))
    table |= {"name": np.array(scored.name), "version": np.array(scored.version)}
    if scored.thresholds is not None:
        table["thresholds"] = np.array(astuple(scored.thresholds))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez_compressed(file, **table)  # type: ignore[arg-type]


def read_scores(path: Path, plan: Plan, conditions: Sequence[Condition], root: Path) -> Scored:
    """A plan's scores from a table; a condition that the table lacks wholly is left out.

    Raises:
        EvaluationImpossible: it cannot be read, or lacks images of a condition that it has.
    """
    table = _open_table(path)
    scores, verdicts, rows = table.scores, table.verdicts, table.rows
    present = {condition for _, _, condition in rows}
    findings = {}
    for condition in conditions:
        wanted = _name_rows(plan, condition, root)
        if condition.name in present or not wanted:
            if missing := [key for key in wanted.values() if key not in rows]:
                raise EvaluationImpossible(
                    f"{path} lacks {len(missing)} of {len(wanted)} images under "
                    f"{condition.name!r}, the first {missing[0][0]} at {missing[0][1]} px."
                )
            taken = [rows[key] for key in wanted.values()]
            findings[condition.name] = found = Findings.nothing(len(plan.views))
            found.raw_scores[list(wanted)] = scores[taken]
            found.verdicts[list(wanted)] = verdicts[taken]
    return Scored(table.name, table.version, table.thresholds, findings)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A table whose columns fit together. `rows` finds a row by image, side and condition."""

    name: str
    version: str
    thresholds: Thresholds | None
    rows: dict[Key, int]
    scores: NDArray[np.float64]
    verdicts: NDArray[np.int8]


def _open_table(path: Path) -> _Opened:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            table: Table = {name: stored[name] for name in stored.files}
        keys = zip(table["image"], table["side_px"], table["condition"], strict=True)
        rows = {(str(f), int(s), str(c)): index for index, (f, s, c) in enumerate(keys)}
        scores = table["raw_score"].astype(np.float64)
        verdicts = table.get("verdict", np.full(len(scores), NO_VERDICT)).astype(np.int8)
        thresholds = Thresholds(*table["thresholds"].tolist()) if "thresholds" in table else None
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise EvaluationImpossible(f"{path} is no table of scores: {error}") from error
    if not len(rows) == len(scores) == len(verdicts):
        raise EvaluationImpossible(f"{path}: its columns differ in length, or a row is there twice")
    if not np.isfinite(scores).all() or not np.isin(verdicts, range(-1, len(VERDICTS))).all():
        raise EvaluationImpossible(f"{path}: a score is no number, or a verdict is not in -1 to 3")
    name = str(table.get("name", path.stem))
    return _Opened(name, str(table.get("version", name)), thresholds, rows, scores, verdicts)


def _name_rows(plan: Plan, condition: Condition, root: Path) -> dict[int, Key]:
    """For each view that is judged under a condition, how its row is found."""
    return {
        index: (
            _name(plan.views[index], root),
            plan.views[index].side_px,
            condition.name,
        )
        for index in to_judge(plan.views, condition)
    }


def _name(view: View, root: Path) -> str:
    """The file as the manifest names it."""
    path = view.item.path
    return str(path.relative_to(root) if path.is_relative_to(root) else path)
