"""The page is drawn from whatever was measured."""

from pathlib import Path

from benchmarks.page import draw
from benchmarks.results import keep


def test_a_page_shows_what_there_is_and_nothing_else(tmp_path: Path) -> None:
    results, page = tmp_path / "results.json", tmp_path / "page" / "index.html"
    stages = {"decode": 10.0, "the network": 140.0}
    keep("stages", {"milliseconds": {"1024 x 768": stages}}, results)
    text = draw(results, page).read_text()
    assert text.count("<img") == 1
    assert "One check of 1024 x 768 px by stage" in text
    assert "Upload to verdict" not in text
    assert "load average" in text
