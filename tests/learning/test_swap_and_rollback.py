"""Labels of two moderators, a training by the beat, the gate, the shadow, the swap, the rollback.

On the product as `ntf run` starts it: real servers, real processes, nothing but its own interfaces.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from cli.embedded import embedded_postgresql, embedded_valkey
from ntf.predictor import Predictor
from tests.end_to_end.conftest import Product, free_port, start
from tests.learning.kit import picture
from tests.pictures import as_png

pytestmark = pytest.mark.retraining
PATIENCE_SECONDS = 600


@pytest.fixture(scope="module")
def missed(live_model: Path) -> bytes:
    """A picture of the generator that the live model does not know, and misses."""
    detector = Predictor.load(live_model)
    pictures = (picture("red", seed) for seed in range(100))
    said = ((one, detector.predict([one])[0].raw_score) for one in pictures)
    return as_png(next(one for one, score in said if score < detector.info.no_evidence_below / 2))


@pytest.fixture
def product(tmp_path: Path, live_model: Path) -> Iterator[Product]:
    with (
        embedded_postgresql(tmp_path / "postgresql") as database_url,
        embedded_valkey(tmp_path / "valkey") as broker_url,
    ):
        running = start(
            tmp_path / "var",
            free_port(),
            tmp_path / "log",
            NTF_DATABASE_URL=database_url,
            NTF_BROKER_URL=broker_url,
            NTF_MODEL_PATH=str(live_model),
            NTF_RETRAIN_INTERVAL_SECONDS="3",
            NTF_RETRAIN_MIN_LABELS="50",
            NTF_CANARY_INTERVAL_SECONDS="2",
            NTF_CANARY_MIN_IMAGES="12",
            NTF_CANARY_SHARE="1",
            NTF_DETECTOR_THREADS="1",
            NTF_DECODE_TIMEOUT_SECONDS="30",
            NTF_REVIEW_SPOT_CHECK_SHARE="1",
        )
        try:
            until(lambda: is_ready(running))
            yield running
        finally:
            if running.process.poll() is None:
                running.process.terminate()
                running.process.wait(60)
            sys.stdout.write((tmp_path / "log").read_text(errors="replace")[-8000:])


class Caller:
    """Someone with a key."""

    def __init__(self, product: Product, key: str) -> None:
        self._address, self._session = product.address, requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"

    def check(self, content: bytes) -> dict[str, Any]:
        """The check of these bytes, when it has its verdict."""
        sent = self._post("/v1/checks", files={"image": content}, headers={"Prefer": "wait=8"})
        return until(lambda: (found := self.read(sent["id"]))["verdict"] and found)

    def read(self, check_id: str) -> dict[str, Any]:
        return self._session.get(f"{self._address}/v1/checks/{check_id}", timeout=120).json()

    def models(self) -> list[dict[str, Any]]:
        return self._session.get(f"{self._address}/v1/models", timeout=120).json()["models"]

    def decide_next(self, truth: dict[str, str]) -> bool:
        """Take the next review and decide it truly; False where none waits."""
        answer = self._session.post(f"{self._address}/v1/reviews/claim", timeout=120)
        if answer.status_code == 404:
            return False
        review = answer.json()
        says = truth[review["check"]["id"]]
        self._post(f"/v1/reviews/{review['id']}/decision", json={"says": says})
        return True

    def _post(self, path: str, **more: Any) -> dict[str, Any]:
        answer = self._session.post(self._address + path, timeout=120, **more)
        assert answer.ok, answer.text
        return answer.json()


def is_ready(product: Product) -> bool:
    """Whether it answers; a busy machine may take minutes."""
    assert product.process.poll() is None, "ntf run ended by itself; see its log"
    try:
        return requests.get(f"{product.address}/readyz", timeout=20).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def until(found: Callable[[], Any]) -> Any:
    """What `found` returns, as soon as it is something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (value := found()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
    return value


def ntf(product: Product, *arguments: str) -> str:
    """A command of the operator, on the product's own servers."""
    children = psutil.Process(product.process.pid).children(recursive=True)
    given = (child.environ() for child in children)
    environment = next(one for one in given if "NTF_SECRET_KEY" in one)
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def make_moderator(product: Product, name: str) -> Caller:
    of = ("--tenant", "default", "--person", name, "--role", "moderator")
    return Caller(product, ntf(product, "admin", "keys", "create", *of).strip())


def test_moderators_teach_and_the_operator_takes_it_back(product: Product, missed: bytes) -> None:
    admin = Caller(product, product.key)
    ada, grace = make_moderator(product, "Ada"), make_moderator(product, "Grace")
    before = admin.check(missed)
    assert before["verdict"]["label"] == "no_evidence"
    old = before["verdict"]["model"]["version"]

    # What the live model misses, and photographs beside it; both people judge them.
    truth = {before["id"]: "ai"}
    for seed in range(100, 135):
        truth[admin.check(as_png(picture("red", seed)))["id"]] = "ai"
    for seed in range(200, 216):
        truth[admin.check(as_png(picture("photograph", seed)))["id"]] = "real"
    while ada.decide_next(truth) | grace.decide_next(truth):
        pass

    # The beat trains; the gate lets it into the shadow, where everyday pictures pass.
    until(lambda: [one for one in admin.models() if one["stage"] == "canary"])
    seeds = iter(range(1000, 10_000))

    def live() -> str:
        return next(one["version"] for one in admin.models() if one["is_live"])

    def goes_live() -> bool:
        seed = next(seeds)
        admin.check(as_png(picture("rows" if seed % 2 else "photograph", seed)))
        return live() != old

    until(goes_live)
    new = live()

    # The same image, the other verdict; what was said before stays as it was said.
    after = admin.check(missed)
    assert after["verdict"]["label"] == "likely_ai"
    assert after["verdict"]["model"]["version"] == new
    assert admin.read(before["id"])["verdict"]["model"]["version"] == old
    assert admin.read(before["id"])["verdict"]["label"] == "no_evidence"

    # One step back, and all is as before.
    assert old in ntf(product, "rollback")
    again = admin.check(missed)
    assert (again["verdict"]["label"], again["verdict"]["model"]["version"]) == ("no_evidence", old)
    assert {one["version"]: one["stage"] for one in admin.models()} == {
        old: "live",
        new: "rolled_back",
    }
