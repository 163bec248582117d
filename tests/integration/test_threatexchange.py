"""The classifier inside the real threatexchange package, and its real command line."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from threatexchange.classifier.classifier import Classifier
from threatexchange.content_type.photo import PhotoContent
from threatexchange.content_type.text import TextContent

from integrations.threatexchange_classifier import (
    NtfClassifier,
    NtfNotConfigured,
    NtfUnavailable,
)
from scans.tables import Check
from tests.integration.conftest import count_rows
from tests.integration.service_kit import Service, free_port, greenish, reddish
from tests.pictures import as_png

pytestmark = pytest.mark.integrations


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(as_png(reddish()))
    return path


def test_it_is_a_classifier_and_labels_a_photo(service: Service, secret: str, photo: Path) -> None:
    classifier = NtfClassifier(service.url, secret)
    assert isinstance(classifier, Classifier)
    assert NtfClassifier.get_name() == "ntf"
    result = classifier.classify(PhotoContent, str(photo))
    assert list(result.positive_labels) == ["likely_ai"]
    assert result.labels["likely_ai"].score == pytest.approx(0.97, abs=0.03)
    assert str(result) == "likely_ai(97.00%)"


def test_a_photo_by_its_address_is_fetched_by_the_service(service: Service, secret: str) -> None:
    service.pages["http://pictures.example/a.png"] = as_png(greenish())
    result = NtfClassifier(service.url, secret).classify(
        PhotoContent, "http://pictures.example/a.png"
    )
    assert list(result.positive_labels) == ["no_evidence"]


def test_a_photo_that_is_asked_for_again_is_one_check(
    service: Service, secret: str, photo: Path
) -> None:
    for _ in range(3):
        NtfClassifier(service.url, secret).classify(PhotoContent, str(photo))
    assert count_rows(service.sessions, Check) == 1


def test_texts_are_not_taken(service: Service, secret: str) -> None:
    with pytest.raises(ValueError, match="photos"):
        NtfClassifier(service.url, secret).classify(TextContent, "a text")


def test_it_does_not_begin_without_a_service_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NTF_URL", raising=False)
    with pytest.raises(NtfNotConfigured):
        NtfClassifier.get_with_default_settings()


@pytest.mark.parametrize("fault", ["away", "500", "hangs", "wrong key"])
def test_a_service_that_gives_no_verdict_is_open_or_closed(
    service: Service, secret: str, photo: Path, fault: str
) -> None:
    url, key = service.url, secret
    if fault == "away":
        url = f"http://127.0.0.1:{free_port()}"
    elif fault == "500":
        service.front.status = "500 Down"
    elif fault == "hangs":
        service.front.hold = threading.Event()
    else:
        key = "ntf_wrong"
    ask = {"timeout_seconds": 1.0}
    result = NtfClassifier(url, key, **ask).classify(PhotoContent, str(photo))
    assert not result.has_match
    assert list(result.labels) == ["not_checked"]
    with pytest.raises(NtfUnavailable):
        NtfClassifier(url, key, when_away="closed", **ask).classify(PhotoContent, str(photo))


def test_a_service_that_comes_back_in_time_answers(
    service: Service, secret: str, photo: Path
) -> None:
    service.front.status = "503 Down"
    waiting = threading.Timer(0.5, setattr, (service.front, "status", None))
    waiting.start()
    result = NtfClassifier(service.url, secret, when_away="closed").classify(
        PhotoContent, str(photo)
    )
    waiting.join()
    assert list(result.positive_labels) == ["likely_ai"]
    assert count_rows(service.sessions, Check) == 1


def test_the_command_line_gives_the_verdict(
    service: Service, secret: str, photo: Path, tmp_path: Path
) -> None:
    environment = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "NTF_URL": service.url,
        "NTF_KEY": secret,
        "NTF_WHEN_AWAY": "closed",
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "threatexchange.cli.main", *words]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    added = run("config", "extensions", "add", "integrations.threatexchange_classifier")
    assert added.returncode == 0, added.stderr
    assert "ntf_verdict" in added.stdout
    hashed = run("hash", "-S", "ntf_verdict", "photo", str(photo))
    assert hashed.stdout.split() == ["ntf_verdict", "likely_ai"], hashed.stderr
    service.front.status = "500 Down"
    environment["NTF_TIMEOUT_SECONDS"] = "1"
    failed = run("hash", "-S", "ntf_verdict", "photo", str(photo))
    assert failed.returncode != 0
    assert "ntf_verdict" not in failed.stdout.split()
