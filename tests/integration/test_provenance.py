"""A file's own word, from the upload to the API's answer and to `ntf check`."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from cli.main import main
from images.decoded_image import DecodeLimits
from images.decoder_pool import DecoderPool
from images.provenance.trust_list import TrustList, load_trust_list
from scans.settings import Settings
from tests.content_credentials import AI, Authority, make_states
from tests.integration.conftest import TINY_WEIGHTS
from tests.pictures import as_jpeg, as_png, noise, photograph

CELERY_WORKER = ["celery", "-A", "worker.celery_app", "worker", "-P", "threads", "-Q", "fetch"]
STATES = ("none", "trusted", "unknown_issuer", "expired", "invalid")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def files(authority: Authority) -> dict[str, bytes]:
    return make_states(as_jpeg(photograph()), authority)


@pytest.fixture
def trust_list_path(tmp_path: Path, authority: Authority) -> Path:
    path = tmp_path / "trusted.pem"
    path.write_bytes(b"# date: 2026-11-01\n" + authority.pem)
    return path


@pytest.fixture
def trusting(
    tasks: ModuleType, trust_list_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """The worker of an operator who trusts the tests' authority."""
    trusted = load_trust_list(trust_list_path)
    monkeypatch.setattr(tasks.tools, "trust_list", lambda: trusted)
    forget_tools(tasks)
    yield tasks
    tasks.tools.decoder_pool().close()
    forget_tools(tasks)


def forget_tools(tasks: ModuleType) -> None:
    tasks.tools.fetch_tools.cache_clear()
    tasks.tools.decoder_pool.cache_clear()


def judge(client: FlaskClient, tasks: ModuleType, content: bytes) -> dict:
    asked = client.post("/v1/checks", data={"image": (io.BytesIO(content), "a")}).json
    tasks.fetch()
    tasks.detect()
    check = client.get(f"/v1/checks/{asked['id']}").json
    assert check["status"] == "done", check["error"]
    return check


def credentials(check: dict) -> dict:
    (line,) = [line for line in check["verdict"]["evidence"] if line["kind"] == "c2pa"]
    return line


@pytest.mark.parametrize("state", STATES)
def test_each_state_stands_in_the_answer(
    client: FlaskClient, trusting: ModuleType, files: dict[str, bytes], state: str
) -> None:
    line = credentials(judge(client, trusting, files[state]))
    assert line["state"] == state
    assert line["source"] == "C2PA; trust list of 2026-11-01, 1 authority"
    strengths = {"trusted": "strong", "unknown_issuer": "moderate", "expired": "weak"}
    assert line["strength"] == strengths.get(state, "none")


def test_a_reader_that_dies_costs_a_line_and_never_the_check(
    client: FlaskClient, tasks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_tools(tasks)
    with DecoderPool(DecodeLimits(max_seconds=60), program="tests.hostile.breaking_reader") as pool:
        monkeypatch.setattr(tasks.tools, "decoder_pool", lambda: pool)
        line = credentials(judge(client, tasks, as_jpeg(noise(34)) + b" crash"))
    assert (line["state"], line["points_to"]) == ("unreadable", "neither")
    monkeypatch.undo()
    forget_tools(tasks)


def test_by_default_no_issuer_is_trusted(
    client: FlaskClient, tasks: ModuleType, files: dict[str, bytes]
) -> None:
    assert tasks.tools.trust_list() == TrustList()
    line = credentials(judge(client, tasks, files["trusted"]))
    assert (line["state"], line["source"]) == ("unknown_issuer", "C2PA; no trust list is set")


def test_equal_pixels_share_a_score_and_not_their_provenance(
    client: FlaskClient, tasks: ModuleType, authority: Authority
) -> None:
    plain = as_png(noise(31))
    signed = authority.sign(plain, AI, "image/png")
    verdicts = [judge(client, tasks, content)["verdict"] for content in (plain, signed)]
    assert verdicts[0]["raw_score"] == verdicts[1]["raw_score"]
    states = [credentials({"verdict": verdict})["state"] for verdict in verdicts]
    assert states == ["none", "unknown_issuer"]


def test_bytes_that_an_older_release_judged_are_judged_again(
    client: FlaskClient, tasks: ModuleType, sessions: sessionmaker[Session]
) -> None:
    content = as_jpeg(noise(32))
    first = judge(client, tasks, content)
    with sessions.begin() as session:
        session.execute(text("UPDATE images SET provenance = NULL"))
    again = judge(client, tasks, content)
    assert again["id"] != first["id"]
    assert judge(client, tasks, content)["id"] == again["id"]


def test_evidence_that_was_stored_without_the_newer_fields_is_still_answered(
    client: FlaskClient, tasks: ModuleType, sessions: sessionmaker[Session]
) -> None:
    check = judge(client, tasks, as_jpeg(noise(33)))
    old = '[{"kind": "pixels", "strength": "weak", "sentence": "x", "source": "y"}]'
    with sessions.begin() as session:
        session.execute(text("UPDATE verdicts SET evidence = CAST(:old AS jsonb)"), {"old": old})
    (line,) = client.get(f"/v1/checks/{check['id']}").json["verdict"]["evidence"]
    assert (line["state"], line["points_to"], line["contradicts_pixels"]) == (
        None,
        "neither",
        False,
    )


def test_a_worker_with_a_wrong_trust_list_does_not_start(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "empty.pem"
    path.write_bytes(b"")
    ended = subprocess.run(
        [sys.executable, "-m", *CELERY_WORKER],
        env=os.environ | {"NTF_C2PA_TRUST_LIST_PATH": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert f"NTF_C2PA_TRUST_LIST_PATH: {path} cannot be used" in ended.stderr


def test_ntf_check_tells_the_state_and_takes_a_trust_list(
    tmp_path: Path, trust_list_path: Path, files: dict[str, bytes]
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for state, content in files.items():
        (folder / f"{state}.jpg").write_bytes(content)
    arguments = ["check", str(folder), "--model", str(TINY_WEIGHTS)]
    result = CliRunner().invoke(main, [*arguments, "--json", "--trust-list", str(trust_list_path)])
    assert result.exit_code == 0, result.output
    for row in map(json.loads, result.stdout.splitlines()):
        pixels, line = row["evidence"]
        assert pixels["kind"] == "pixels"
        assert line["state"] == Path(row["path"]).stem
    words = CliRunner().invoke(main, arguments).stdout
    assert words.count("does not know the issuer") == 2
    assert "carries no content credentials" not in words


def test_ntf_check_refuses_a_trust_list_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "empty.pem"
    path.write_bytes(b"")
    result = CliRunner().invoke(main, ["check", str(path), "--trust-list", str(path)])
    assert result.exit_code == 1
    assert "empty.pem cannot be used as a trust list" in result.output
