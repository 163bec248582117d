"""Figures are kept by part, and a table says what was not measured by an empty cell."""

import json
from pathlib import Path

from benchmarks.results import in_markdown, keep, read


def test_a_part_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    keep("cpu", {"share_of_peak": 0.5}, path)
    keep("api", {"cached_p99_ms": 9.0}, path)
    keep("cpu", {"share_of_peak": 0.6}, path)
    found = read(path)
    assert found["cpu"]["share_of_peak"] == 0.6
    assert found["api"]["cached_p99_ms"] == 9.0
    assert {"at", "load_average"} == found["cpu"]["measured"].keys()
    assert found["machine"]["cores"] >= 1
    json.loads(path.read_text())


def test_nothing_measured_is_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "results.json") == {}


def test_numbers_have_three_figures_and_what_is_missing_is_empty() -> None:
    lines = in_markdown(["a", "b", "c"], [[1234.5, 0.01234, None]]).splitlines()
    assert lines[-1] == "| 1234 | 0.0123 |  |"
