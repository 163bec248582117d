"""`ntf check`, which needs no server."""

import json
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from tests.pictures import as_jpeg, noise, photograph

FIELDS = [
    "path",
    "label",
    "score",
    "raw_score",
    "real_photo_p",
    "width",
    "height",
    "model",
    "evidence",
    "sha256",
    "pixels_sha256",
    "pdq",
    "limits",
]


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(as_jpeg(photograph()))
    return path


def test_one_file_gives_one_json_object(picture: Path) -> None:
    result = check(str(picture), "--json")
    assert result.exit_code == 0
    judged = json.loads(result.stdout)
    assert list(judged) == FIELDS
    assert (judged["path"], judged["width"], judged["height"]) == (str(picture), 512, 512)
    assert judged["model"].startswith("ntf-small-")


def test_nothing_but_json_comes_out_of_the_real_command(picture: Path) -> None:
    """The decoding processes' log lines went to standard output, before the first object."""
    command = [sys.executable, "-m", "cli", "check", str(picture), "--json"]
    ended = subprocess.run(command, capture_output=True, check=True, timeout=120)
    assert json.loads(ended.stdout)["path"] == str(picture)


def test_a_folder_with_a_broken_file_says_which_and_why(tmp_path: Path, picture: Path) -> None:
    (tmp_path / "b.jpg").write_bytes(b"no image")
    (tmp_path / "c.jpg").write_bytes(as_jpeg(noise(1)))
    result = check(str(tmp_path), "--json")
    assert result.exit_code == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(line["path"]).name for line in lines] == ["a.jpg", "b.jpg", "c.jpg"]
    assert lines[1]["error"]["code"] == "not_an_image"
    assert "b.jpg" in result.stderr
    assert "a.jpg" not in result.stderr


def test_words_for_a_person(picture: Path) -> None:
    result = check(str(picture))
    assert result.exit_code == 0
    assert "real photographs look this unusual" in result.stdout


def test_a_missing_file_is_an_error_of_its_own() -> None:
    result = check("nowhere.jpg", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "file_unreadable"


def test_a_tiny_image_is_not_assessable(tmp_path: Path) -> None:
    (tmp_path / "t.png").write_bytes(as_jpeg(noise(1, 8, 8)))
    judged = json.loads(check(str(tmp_path / "t.png"), "--json").stdout)
    assert (judged["label"], judged["score"]) == ("not_assessable", None)


def test_writes_a_heatmap(picture: Path, tmp_path: Path) -> None:
    target = tmp_path / "heat.png"
    assert check(str(picture), "--heatmap", str(target)).exit_code == 0
    assert target.read_bytes().startswith(b"\x89PNG")


def test_an_address_of_this_machine_is_refused(picture: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(picture.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        result = check(f"http://127.0.0.1:{server.server_port}/a.jpg", "--json")
        server.shutdown()
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "url_rejected"
