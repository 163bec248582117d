"""The broker goes away while checks are asked for: nothing is lost, nothing waits for it."""

import io
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy.orm import Session, sessionmaker

from api.app import create_app
from cli.embedded import embedded_valkey
from cli.run import processes
from scans.checks import count_by_status
from scans.settings import Settings
from tests.integration.conftest import close_connections
from tests.pictures import as_jpeg, noise

FINISH_SECONDS = 60


@pytest.fixture
def own_broker(tmp_path: Path, settings: Settings) -> Settings:
    """Settings whose broker is not running yet."""
    url = f"redis+socket://{tmp_path / 'valkey.sock'}"
    return settings.model_copy(update={"broker_url": url})


@pytest.fixture
def lonely_app(own_broker: Settings) -> Iterator[OpenAPI]:
    app = create_app(own_broker)
    yield app
    close_connections(app.extensions["ntf"].sessions)


def test_checks_are_taken_without_a_broker_and_end_when_it_is_back(
    lonely_app: OpenAPI,
    own_broker: Settings,
    sessions: sessionmaker[Session],
    secret: str,
    tmp_path: Path,
) -> None:
    client = lonely_app.test_client()
    headers = {"Authorization": f"Bearer {secret}"}

    def ask(seed: int) -> int:
        data = {"image": (io.BytesIO(as_jpeg(noise(seed))), "a.jpg")}
        return client.post("/v1/checks", data=data, headers=headers).status_code

    with worker_and_beat(own_broker):
        with embedded_valkey(tmp_path):
            assert ask(0) == 202
            wait_until_done(sessions, 1)
        assert [ask(seed) for seed in range(1, 13)] == [202] * 12
        with embedded_valkey(tmp_path):
            wait_until_done(sessions, 13)


def wait_until_done(sessions: sessionmaker[Session], count: int) -> None:
    deadline = time.monotonic() + FINISH_SECONDS
    counts: dict[str, int] = {}
    while counts != {"done": count}:
        assert time.monotonic() < deadline, counts
        time.sleep(0.1)
        with sessions.begin() as session:
            counts = count_by_status(session)


@contextmanager
def worker_and_beat(settings: Settings) -> Iterator[None]:
    """The real processes, by the product's own command lines."""
    environment = {**os.environ, "NTF_BROKER_URL": settings.broker_url}
    commands = processes("127.0.0.1", 0)
    started = [
        subprocess.Popen(commands[name][1:], env=environment, stderr=subprocess.DEVNULL)
        for name in ("worker", "beat")
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)
