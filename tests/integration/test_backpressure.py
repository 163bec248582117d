"""Batches wait while there is too much to do; whoever waits for an answer does not."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from api.services import EXTENSION
from scans.backpressure import LEAST_PACE_PER_SECOND, measure_backlog_seconds
from scans.health import ages_of_waiting_seconds
from scans.tables import Check
from tests.integration.conftest import make_key
from tests.pictures import as_jpeg, noise

Sessions = sessionmaker[Session]


@pytest.fixture
def secret(sessions: Sessions) -> str:
    """The key of a program: a reader sends no batches."""
    return make_key(sessions, "tenant one", role="integration")


@pytest.fixture
def room_for_ten(app: OpenAPI) -> Iterator[None]:
    """As many checks may be open before a batch is refused, by the least pace."""
    before = app.extensions[EXTENSION]
    limit = {"max_backlog_seconds": 10 / LEAST_PACE_PER_SECOND}
    app.extensions[EXTENSION] = replace(before, settings=before.settings.model_copy(update=limit))
    yield
    app.extensions[EXTENSION] = before


def send_batch(client: FlaskClient, count: int) -> TestResponse:
    urls = [f"http://127.0.0.1/{uuid4()}.jpg" for _ in range(count)]
    return client.post("/v1/batches", json={"urls": urls, "urgency": "backfill"})


@pytest.mark.usefixtures("room_for_ten")
def test_a_batch_waits_while_there_is_too_much_and_a_single_check_does_not(
    client: FlaskClient, sessions: Sessions
) -> None:
    assert send_batch(client, 11).status_code == 202
    refused = send_batch(client, 1)
    assert (refused.status_code, refused.get_json()["code"]) == (503, "queue_full")
    assert int(refused.headers["Retry-After"]) >= 1
    form = {"image": (io.BytesIO(as_jpeg(noise(3))), "a.jpg")}
    assert client.post("/v1/checks", data=form).status_code == 202
    with sessions.begin() as session:
        ended = update(Check).values(status="failed", error_code="x", finished_at=func.now())
        session.execute(ended)
    assert send_batch(client, 1).status_code == 202


def test_the_pace_is_that_of_the_last_minutes(client: FlaskClient, sessions: Sessions) -> None:
    send_batch(client, 900)
    with sessions.begin() as session:
        assert measure_backlog_seconds(session) == 900 / LEAST_PACE_PER_SECOND
        ids = select(Check.id).limit(600)
        since = func.now() - timedelta(seconds=60)
        ended = update(Check).where(Check.id.in_(ids))
        session.execute(ended.values(status="failed", error_code="x", finished_at=since))
    with sessions.begin() as session:
        # 600 in a minute: ten a second, or a little less for the time that has gone by since.
        assert 300 / 10 <= measure_backlog_seconds(session) < 300 / 5


def test_waiting_ages_are_told_by_step_and_urgency(client: FlaskClient, sessions: Sessions) -> None:
    send_batch(client, 2)
    with sessions.begin() as session:
        session.execute(update(Check).values(created_at=func.now() - timedelta(minutes=5)))
    form = {"image": (io.BytesIO(as_jpeg(noise(4))), "a.jpg")}
    client.post("/v1/checks", data=form)
    with sessions.begin() as session:
        ages = ages_of_waiting_seconds(session)
    assert ages["fetch", "backfill"] >= 300
    assert ages["fetch", "interactive"] < 300
    assert ages["detect", "interactive"] == 0
    shown = client.get("/metrics").get_data(as_text=True)
    assert 'ntf_oldest_waiting_seconds{step="fetch",urgency="backfill"}' in shown
