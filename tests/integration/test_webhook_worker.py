"""Deliveries by the real worker process: without any broker, and over its sudden death."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, update
from sqlalchemy.orm import Session, sessionmaker

from cli.run import processes
from scans.tables import WebhookDelivery
from tests.integration.conftest import make_key
from tests.integration.test_broker_away import upload, wait_until
from tests.receiver import Answer, Receiver

Sessions = sessionmaker[Session]


@pytest.fixture
def secret(sessions: Sessions) -> str:
    """The key of a program of tenant one's: a reader has no webhooks."""
    return make_key(sessions, "tenant one", role="integration")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@contextmanager
def running_worker(receiver: Receiver, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The product's own worker, whose broker never comes. It is killed at the end."""
    environment = {
        **os.environ,
        "NTF_BROKER_URL": f"redis+socket://{folder / 'none.sock'}",
        "NTF_SWEEP_INTERVAL_SECONDS": "0.2",
        "NTF_WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true",
        "NTF_WEBHOOK_PORTS": str(receiver.port),
        "NTF_WEBHOOK_TIMEOUT_SECONDS": "60",
    }
    with (folder / "log").open("ab") as log:
        worker = subprocess.Popen(
            processes("127.0.0.1", 0)["worker"][1:], env=environment, stderr=log
        )
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


def state_of(client: FlaskClient, webhook_id: str) -> str:
    (delivery,) = client.get(f"/v1/webhooks/{webhook_id}/deliveries").json["deliveries"]
    state: str = delivery["state"]
    return state


def test_a_worker_that_is_killed_while_it_delivers_loses_no_event(
    client: FlaskClient, sessions: Sessions, receiver: Receiver, tmp_path: Path
) -> None:
    webhook = client.post("/v1/webhooks", json={"url": receiver.url}).json
    upload(client, 1)
    receiver.script = [Answer(hold=(release := threading.Event()))]
    with running_worker(receiver, tmp_path):
        first = receiver.take()  # and there the worker dies, before it has its answer
    assert first.verify(webhook["secret"])["type"] == "check.done"
    release.set()
    with sessions.begin() as session:
        session.execute(update(WebhookDelivery).values(lease_until=func.now()))
    with running_worker(receiver, tmp_path):
        repeated = receiver.take()
        wait_until(lambda: state_of(client, webhook["id"]) == "delivered")
    assert repeated.headers["webhook-id"] == first.headers["webhook-id"]
    assert repeated.body == first.body
    assert receiver.received.empty()
