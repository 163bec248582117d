"""`ntf bulk` against a running service: CSV and JSON lines in, CSV and JSON lines out."""

import csv
import json
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session, sessionmaker

from cli import bulk
from cli.main import main
from scans.request_tables import Batch
from scans.tables import Check
from tests.integration.conftest import count_rows, make_key
from tests.integration.service_kit import Service, greenish, reddish
from tests.pictures import as_png

pytestmark = pytest.mark.integrations
RED, GREEN, GONE = (f"http://pictures.example/{name}.png" for name in ("red", "green", "gone"))


@pytest.fixture
def secret(sessions: sessionmaker[Session]) -> str:
    return make_key(sessions, "tenant one", role="integration")


@pytest.fixture
def pages(service: Service) -> Service:
    service.pages |= {RED: as_png(reddish()), GREEN: as_png(greenish()), GONE: b"no picture"}
    return service


def run(service: Service, secret: str, *words: str) -> Result:
    environment = {"NTF_URL": service.url, "NTF_KEY": secret}
    return CliRunner().invoke(main, ["bulk", *words], env=environment)


def write_csv(path: Path, *urls: str) -> Path:
    lines = ["note,url,page_url", *(f"kept,{url},http://page.example/" for url in urls)]
    path.write_text("\n".join(lines))
    return path


def test_a_csv_comes_back_with_verdicts_in_its_order(
    pages: Service, secret: str, tmp_path: Path
) -> None:
    source = write_csv(tmp_path / "in.csv", GREEN, GONE, "ftp://no", RED)
    out = tmp_path / "out.csv"
    result = run(pages, secret, "import", str(source), "--out", str(out))
    assert result.exit_code == 1  # two have no verdict
    assert "4 addresses, 2 of them without a verdict" in result.output
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["url"] for row in rows] == [GREEN, GONE, "ftp://no", RED]
    assert [row["label"] for row in rows] == ["no_evidence", "", "", "likely_ai"]
    assert [row["error"] for row in rows] == ["", "not_an_image", "url_invalid", ""]


def test_json_lines_in_and_out(pages: Service, secret: str, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(f'{{"url": "{RED}"}}\n\n{{"url": "{GREEN}", "page_url": null}}\n')
    out = tmp_path / "out.jsonl"
    result = run(pages, secret, "import", str(source), "--out", str(out))
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["label"] for row in rows] == ["likely_ai", "no_evidence"]


def test_more_than_a_batch_is_sent_in_several_and_again_makes_no_more(
    pages: Service, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH_URLS", 2)
    source = write_csv(tmp_path / "in.csv", RED, GREEN, RED)
    for _ in range(2):
        result = run(pages, secret, "import", str(source), "--out", str(tmp_path / "out.csv"))
        assert result.exit_code == 0, result.output
    assert count_rows(pages.sessions, Batch) == 2
    assert count_rows(pages.sessions, Check) == 2


def test_a_service_that_comes_back_is_waited_for(
    pages: Service, secret: str, tmp_path: Path
) -> None:
    pages.front.status = "503 Down"
    coming = threading.Timer(1, setattr, (pages.front, "status", None))
    coming.start()
    source = write_csv(tmp_path / "in.csv", RED)
    result = run(pages, secret, "import", str(source), "--out", str(tmp_path / "out.csv"))
    coming.join()
    assert result.exit_code == 0, result.output
    assert count_rows(pages.sessions, Batch) == 1


def test_a_wrong_key_is_said_at_once(pages: Service, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", RED)
    result = run(pages, "ntf_wrong", "import", str(source), "--out", str(tmp_path / "out.csv"))
    assert result.exit_code == 1
    assert "401" in result.output
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("in.txt", RED, "ends in .csv or .jsonl"),
        ("in.csv", "address\nx", "row 1 has no `url`"),
        ("in.jsonl", "{", "line 1 is not JSON"),
        ("in.jsonl", "[]\n", "row 1 has no `url`"),
        ("in.csv", "url\n", "no addresses"),
    ],
)
def test_a_file_that_is_none_is_explained(
    pages: Service, secret: str, tmp_path: Path, name: str, text: str, said: str
) -> None:
    source = tmp_path / name
    source.write_text(text)
    result = run(pages, secret, "import", str(source), "--out", str(tmp_path / "out.csv"))
    assert result.exit_code == 1
    assert said in result.output


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_an_export_holds_every_check_once(
    pages: Service, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(bulk, "PAGE_CHECKS", 1)
    source = write_csv(tmp_path / "in.csv", RED, GREEN, GONE)
    run(pages, secret, "import", str(source), "--out", str(tmp_path / "done.csv"))
    out = tmp_path / f"out.{ending}"
    result = run(pages, secret, "export", "--out", str(out))
    assert result.exit_code == 0, result.output
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file)) if ending == "csv" else list(map(json.loads, file))
    found = {row["url"]: (row["label"] or None, row["error"] or None) for row in rows}
    assert len(rows) == 3
    assert found == {
        RED: ("likely_ai", None),
        GREEN: ("no_evidence", None),
        GONE: (None, "not_an_image"),
    }
    likely = run(pages, secret, "export", "--label", "likely_ai", "--out", str(out))
    assert "1 checks" in likely.output


def test_a_formula_is_not_handed_to_a_spreadsheet() -> None:
    assert bulk.guard_cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert bulk.guard_cell("https://a.example/") == "https://a.example/"
    assert bulk.guard_cell(-1.5) == -1.5
