"""The broker goes away, or never comes: nothing is lost, no check waits for it."""

import io
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from celery.concurrency.prefork import TaskPool as ForkingPool
from celery.signals import celeryd_after_setup
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy.orm import Session, sessionmaker

from api.app import create_app
from cli.embedded import embedded_valkey
from cli.run import processes
from scans.checks import count_by_status
from scans.settings import Settings
from tests.integration.conftest import close_app
from tests.pictures import as_jpeg, noise

FINISH_SECONDS, STOP_SECONDS = 60, 20

Sessions = sessionmaker[Session]


@pytest.fixture
def own_broker(tmp_path: Path, settings: Settings) -> Settings:
    """Settings whose broker is not running yet."""
    url = f"redis+socket://{tmp_path / 'valkey.sock'}"
    return settings.model_copy(update={"broker_url": url})


@pytest.fixture
def caller(own_broker: Settings, secret: str) -> Iterator[FlaskClient]:
    """A caller of a web process that has this broker."""
    app = create_app(own_broker)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    yield client
    close_app(app)


def test_checks_are_taken_without_a_broker_and_end_when_it_is_back(
    caller: FlaskClient, own_broker: Settings, sessions: Sessions, tmp_path: Path
) -> None:
    with running_worker(own_broker, tmp_path / "log"):
        with embedded_valkey(tmp_path):
            upload(caller, 0)
            wait_until_done(sessions, 1)
        for seed in range(1, 13):
            upload(caller, seed)
        with embedded_valkey(tmp_path):
            wait_until_done(sessions, 13)


@pytest.mark.parametrize(
    "pool",
    ["threads", *(pytest.param(pool, marks=pytest.mark.slow) for pool in ("solo", "prefork"))],
)
def test_a_worker_whose_broker_never_comes_still_ends_the_checks(
    caller: FlaskClient, own_broker: Settings, sessions: Sessions, tmp_path: Path, pool: str
) -> None:
    upload(caller, 0)
    with running_worker(own_broker, tmp_path / "log", pool, NTF_SWEEP_INTERVAL_SECONDS="0.2"):
        wait_until_done(sessions, 1)
        for seed in range(1, 4):
            upload(caller, seed)
        wait_until_done(sessions, 4)


def test_a_worker_outlives_a_broker_that_goes_in_the_middle_of_a_check(
    caller: FlaskClient, own_broker: Settings, sessions: Sessions, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as host:
        port = host.getsockname()[1]
        more = {"NTF_ALLOW_PRIVATE_ADDRESSES": "true", "NTF_FETCH_PORTS": str(port)}
        with running_worker(own_broker, log := tmp_path / "log", **more):
            with embedded_valkey(tmp_path):
                # Its first sweep is over by then: so the check is taken for a message.
                wait_until(lambda: is_listening(tmp_path / "valkey.sock"))
                ask(caller, json={"url": f"http://127.0.0.1:{port}/a.jpg"})
                fetching, _ = host.accept()
            with fetching:
                wait_until(lambda: "Connection to broker lost" in log.read_text())
                fetching.recv(4096)
                fetching.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + as_jpeg(noise(0)))
            wait_until_done(sessions, 1)
            with embedded_valkey(tmp_path):
                wait_until(lambda: is_listening(tmp_path / "valkey.sock"))


def test_a_forking_workers_first_process_starts_no_thread(tasks: ModuleType) -> None:
    """One loaded the database's driver while the pool forked: its children never swept."""
    before = set(threading.enumerate())
    celeryd_after_setup.send(sender="", instance=SimpleNamespace(pool_cls=ForkingPool), conf=None)
    assert set(threading.enumerate()) == before


def upload(caller: FlaskClient, seed: int) -> None:
    ask(caller, data={"image": (io.BytesIO(as_jpeg(noise(seed))), "a.jpg")})


def ask(caller: FlaskClient, **request: object) -> None:
    assert caller.post("/v1/checks", **request).status_code == 202


def wait_until_done(sessions: Sessions, count: int) -> None:
    def counts() -> dict[str, int]:
        with sessions.begin() as session:
            return count_by_status(session)

    wait_until(lambda: counts() == {"done": count}, counts)


def is_listening(broker: Path) -> bool:
    """Whether a worker waits for messages."""
    with Redis(unix_socket_path=str(broker)) as client:
        return any(other["cmd"] == "brpop" for other in client.client_list())


def wait_until(is_so: Callable[[], bool], tell: Callable[[], object] = lambda: "") -> None:
    deadline = time.monotonic() + FINISH_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, tell()
        time.sleep(0.05)


@contextmanager
def running_worker(
    settings: Settings, log: Path, pool: str = "threads", **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    """The real process, by the product's own command line. It must run until it is told to stop."""
    environment = {**os.environ, "NTF_BROKER_URL": settings.broker_url, **more}
    command = [*processes("127.0.0.1", 0)["worker"][1:], "--pool", pool]
    with log.open("wb") as output:
        worker = subprocess.Popen(command, env=environment, stderr=output)
    try:
        yield worker
        assert worker.poll() is None
    finally:
        worker.terminate()
        worker.wait(STOP_SECONDS)
        sys.stdout.write(log.read_text())  # shown where the test fails
    assert worker.returncode == 0
