"""A real Synapse asks us, through the real synapse-http-antispam, whether a picture may pass."""

import threading
from collections.abc import Iterator
from importlib.metadata import version
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from ntf.predictor import Predictor
from scans.image_store import ImageStore
from scans.integration_tables import Connection, Errand
from scans.keys import hash_secret
from scans.review_tables import Review
from scans.settings import Settings
from scans.tables import Check
from tests.integration.conftest import TINY_WEIGHTS, count_rows, make_key
from tests.integration.service_kit import (
    Service,
    free_port,
    greenish,
    make_live_model,
    reddish,
    running_service,
    until,
)
from tests.integration.synapse_server import Synapse, running_synapse
from tests.pictures import as_png

pytestmark = pytest.mark.integrations
# Synapse is started once, so that it asks the same address in every test.
PORT = free_port()
CONNECTION_ID = UUID("11111111-2222-3333-4444-555555555555")
SECRET = "ntfc_of_the_tests"
BASE_PATH = f"/integrations/matrix/{CONNECTION_ID}"


@pytest.fixture(scope="module")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    antispam = {
        "base_url": f"http://127.0.0.1:{PORT}{BASE_PATH}",
        "authorization": SECRET,
        "enabled_callbacks": ["check_event_for_spam"],
    }
    with running_synapse(tmp_path_factory.mktemp("synapse"), antispam) as running:
        yield running


@pytest.fixture
def secret(sessions: sessionmaker[Session]) -> str:
    return make_key(sessions, "tenant one", role="integration")


@pytest.fixture
def service(
    app: OpenAPI,
    sessions: sessionmaker[Session],
    store: ImageStore,
    settings: Settings,
    tasks: ModuleType,
    synapse: Synapse,
) -> Iterator[Service]:
    info = Predictor.load(TINY_WEIGHTS).info
    make_live_model(sessions, info)
    with running_service(app, sessions, store, settings, info, port=PORT) as running:
        running.open_port(int(synapse.url.rpartition(":")[2]))
        yield running


def connect(client: FlaskClient, service: Service, synapse: Synapse, **options: Any) -> None:
    """A connection under the id and the secret that Synapse was started with."""
    wanted = {"kind": "matrix", "address": synapse.url, "access_token": synapse.token, **options}
    answer = client.post("/v1/connections", json=wanted)
    assert answer.status_code == 201, answer.json
    with service.sessions.begin() as session:
        session.execute(
            update(Connection).values(id=CONNECTION_ID, secret_sha256=hash_secret(SECRET))
        )


@pytest.fixture
def connected(client: FlaskClient, service: Service, synapse: Synapse) -> Service:
    connect(client, service, synapse)
    return service


@pytest.fixture
def strict(client: FlaskClient, service: Service, synapse: Synapse) -> Service:
    """Refusal is switched on, and what cannot be checked is refused too."""
    connect(client, service, synapse, refuses=True, when_away="closed")
    return service


def test_the_module_is_the_one_that_the_page_names() -> None:
    assert version("synapse-http-antispam") == "0.5.1"


def test_a_picture_passes_and_is_checked_and_waits_for_people(
    connected: Service, synapse: Synapse
) -> None:
    assert synapse.send_picture(as_png(reddish(1))).ok
    until(lambda: count_rows(connected.sessions, Review) == 1)
    with connected.sessions.begin() as session:
        check = session.scalars(select(Check)).one()
        assert check.page_url is not None
        assert check.page_url.startswith("https://matrix.to/#/!")
        assert session.scalars(select(Errand)).one().done_at is not None


def test_texts_are_let_through_without_work(connected: Service, synapse: Synapse) -> None:
    assert synapse.send({"msgtype": "m.text", "body": "hello"}).ok
    assert connected.front.calls == [f"{BASE_PATH}/check_event_for_spam"]
    assert count_rows(connected.sessions, Errand) == 0


def test_only_where_refusal_is_switched_on_is_an_event_refused(
    strict: Service, synapse: Synapse
) -> None:
    refused = synapse.send_picture(as_png(reddish(2)))
    assert (refused.status_code, refused.json()["errcode"]) == (403, "M_FORBIDDEN")
    assert "AI-made" in refused.json()["error"]
    assert synapse.send_picture(as_png(greenish(2))).ok


def test_an_event_that_is_asked_for_again_counts_once(
    connected: Service, client: FlaskClient
) -> None:
    connected.is_working.clear()
    event = {
        "event_id": "$one",
        "room_id": "!room:matrix.example",
        "type": "m.room.message",
        "content": {"msgtype": "m.image", "url": "mxc://matrix.example/abc"},
    }
    for _ in range(3):
        answer = client.post(
            f"{BASE_PATH}/check_event_for_spam",
            json={"event": event},
            headers={"Authorization": f"Bearer {SECRET}"},
        )
        assert (answer.status_code, answer.json) == (200, {})
    assert count_rows(connected.sessions, Errand) == 1


def test_slow_is_open_by_default_and_nothing_is_lost(connected: Service, synapse: Synapse) -> None:
    connected.is_working.clear()
    assert synapse.send_picture(as_png(reddish(3))).ok
    connected.is_working.set()
    until(lambda: count_rows(connected.sessions, Review) == 1)
    assert count_rows(connected.sessions, Check) == 1


def test_slow_is_a_refusal_where_the_owner_wants_it_closed(
    strict: Service, synapse: Synapse
) -> None:
    strict.is_working.clear()
    refused = synapse.send_picture(as_png(reddish(4)))
    assert refused.status_code == 403
    assert refused.json()["errcode"] == "M_UNKNOWN"
    strict.is_working.set()
    until(lambda: count_rows(strict.sessions, Review) == 1)


@pytest.mark.parametrize("fault", ["500", "wrong secret", "no such connection"])
def test_our_faults_let_events_pass(strict: Service, synapse: Synapse, fault: str) -> None:
    """Synapse's module blocks on any JSON; these answers are none."""
    if fault == "500":
        strict.front.status = "500 Down"
    with strict.sessions.begin() as session:
        if fault == "wrong secret":
            session.execute(update(Connection).values(secret_sha256="0" * 64))
        elif fault == "no such connection":
            session.execute(update(Connection).values(id=UUID(int=1)))
    assert synapse.send_picture(as_png(reddish(5))).ok
    assert count_rows(strict.sessions, Errand) == 0


def test_no_server_at_all_lets_events_pass(synapse: Synapse) -> None:
    assert synapse.send_picture(as_png(reddish(6))).ok


def test_a_server_that_hangs_is_waited_for(strict: Service, synapse: Synapse) -> None:
    strict.front.hold = threading.Event()
    letting = threading.Timer(10, strict.front.hold.set)
    letting.start()
    refused = synapse.send_picture(as_png(reddish(7)))
    letting.join()
    assert refused.status_code == 403
    assert refused.elapsed.total_seconds() >= 10


def test_another_connections_secret_is_refused_in_plain_text(
    connected: Service, app: OpenAPI, sessions: sessionmaker[Session], synapse: Synapse
) -> None:
    theirs = app.test_client()
    key = make_key(sessions, "tenant two", role="integration")
    theirs.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    wanted = {"kind": "matrix", "address": synapse.url, "access_token": "theirs"}
    other = theirs.post("/v1/connections", json=wanted).json
    for given in (other["secret"], key, ""):
        headers = {"Authorization": f"Bearer {given}"}
        answer = theirs.post(f"{BASE_PATH}/check_event_for_spam", json={}, headers=headers)
        assert (answer.status_code, answer.mimetype) == (401, "text/plain")
    wrong = theirs.post("/integrations/matrix/no-id/check_event_for_spam", json={})
    assert (wrong.status_code, wrong.mimetype) == (401, "text/plain")


def test_a_ping_is_answered(connected: Service, client: FlaskClient) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    answer = client.post(f"{BASE_PATH}/ping", json={"id": "abcdefgh"}, headers=headers)
    assert answer.json == {"id": "abcdefgh", "status": "ok"}
