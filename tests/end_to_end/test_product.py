"""From `ntf run` to a verdict, and back to nothing."""

import signal
import time
from pathlib import Path

import pytest
import requests

from tests.end_to_end.conftest import Product, started
from tests.pictures import as_jpeg, noise, photograph


def upload(product: Product, content: bytes) -> requests.Response:
    return requests.post(
        f"{product.address}/v1/checks",
        files={"image": content},
        headers=product.headers,
        timeout=20,
    )


def test_an_uploaded_photograph_gets_a_verdict(product: Product) -> None:
    answer = upload(product, as_jpeg(photograph()))
    assert answer.status_code == 200
    check = answer.json()
    assert check["status"] == "done"
    assert check["verdict"]["model"]["name"].startswith("ntf-")
    heatmap = requests.get(product.address + check["verdict"]["heatmap_url"], timeout=10)
    assert heatmap.content.startswith(b"\x89PNG")


def test_an_address_gets_a_verdict(product: Product, image_host: str) -> None:
    answer = requests.post(
        f"{product.address}/v1/checks",
        json={"url": f"{image_host}/a.jpg"},
        headers=product.headers,
        timeout=20,
    )
    assert answer.status_code == 200
    assert answer.json()["verdict"]["label"]


def test_the_key_is_private(product: Product) -> None:
    assert (product.folder / "first-key.json").stat().st_mode & 0o077 == 0
    assert (product.folder / "secret-key").stat().st_mode & 0o077 == 0


def test_metrics_add_up_over_the_web_processes(product: Product) -> None:
    upload(product, as_jpeg(noise(5)))
    text = requests.get(f"{product.address}/metrics", timeout=10).text
    assert 'ntf_checks{status="done"}' in text
    assert "ntf_http_request_seconds_bucket" in text


@pytest.mark.slow
def test_a_second_start_finds_the_data_and_a_taken_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with started(folder) as first:
        first.wait_until_ready()
        # On a busy machine one wait may be over before the verdict is there: the same bytes again.
        answers = (upload(first, as_jpeg(noise(6))).json() for _ in range(10))
        key, check = first.key, next(answer for answer in answers if answer["verdict"])
        with started(folder) as second:
            assert second.process.wait(20) == 1
        assert "Another `ntf run` uses" in (tmp_path / "var.log").read_text()
        assert first.stop() == 0
    with started(folder) as again:
        again.wait_until_ready()
        assert again.key == key
        found = requests.get(
            f"{again.address}/v1/checks/{check['id']}", headers=again.headers, timeout=10
        ).json()
        assert found["verdict"]["raw_score"] == check["verdict"]["raw_score"]
        assert again.stop(signal.SIGTERM) == 0
        assert again.leftovers() == []


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["postgresql/postmaster.pid", "first-key.json"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_in_the_middle_of_the_first_start_breaks_nothing(
    tmp_path: Path, moment: str, number: signal.Signals
) -> None:
    folder = tmp_path / "var"
    with started(folder) as running:
        deadline = time.monotonic() + 60
        while not (folder / moment).exists():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        assert running.stop(number) == 0
        assert running.leftovers() == []
    with started(folder) as again:
        again.wait_until_ready()
        assert again.stop() == 0


@pytest.mark.slow
def test_twenty_starts_and_stops_leave_nothing(tmp_path: Path) -> None:
    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    for turn in range(20):
        with started(tmp_path / "var") as running:
            running.wait_until_ready()
            assert running.stop(signals[turn % 3]) == 0
            assert running.leftovers() == []
