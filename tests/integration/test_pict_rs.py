"""Uploads as pict-rs validates them: raw bytes in chunks, any 2xx is a yes."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from scans.integration_tables import Errand
from scans.review_tables import Review
from scans.tables import Check
from tests.integration.conftest import count_rows, make_key
from tests.integration.service_kit import Service, greenish, reddish, until
from tests.pictures import as_png

pytestmark = pytest.mark.integrations


@pytest.fixture
def secret(sessions: sessionmaker[Session]) -> str:
    return make_key(sessions, "tenant one", role="integration")


def connect(client: FlaskClient, **options: Any) -> dict[str, Any]:
    answer = client.post("/v1/connections", json={"kind": "pict_rs", **options})
    assert answer.status_code == 201, answer.json
    body: dict[str, Any] = answer.json
    return body


@pytest.fixture
def connection(client: FlaskClient) -> dict[str, Any]:
    return connect(client)


@pytest.fixture
def strict(client: FlaskClient) -> dict[str, Any]:
    """A connection whose owner has switched refusal on."""
    return connect(client, refuses=True)


def validate(
    service: Service,
    connection: dict[str, Any],
    content: bytes,
    *,
    query: str = "",
    media_type: str = "image/png",
) -> int:
    """What reqwest sends for `http://ntf:SECRET@host/path`: Basic, and a body in chunks."""

    def chunks() -> Iterator[bytes]:
        yield from (content[first : first + 8192] for first in range(0, len(content), 8192))

    url = f"http://ntf:{connection['secret']}@127.0.0.1:{service.port}{connection['receives_at']}"
    headers = {"Content-Type": media_type}
    answer = requests.post(f"{url}{query}", data=chunks(), headers=headers, timeout=30)
    return answer.status_code


def test_an_upload_is_taken_and_what_is_likely_ai_waits_for_people(
    service: Service, connection: dict[str, Any]
) -> None:
    assert validate(service, connection, as_png(reddish())) == 200
    assert validate(service, connection, as_png(greenish())) == 200
    until(lambda: count_rows(service.sessions, Review) == 1)
    with service.sessions.begin() as session:
        review = session.scalars(select(Review)).one()
        assert review.reason == "flagged"
        assert review.check.verdict is not None
        assert review.check.verdict.label == "likely_ai"


def test_it_is_refused_only_where_that_is_switched_on(
    service: Service, strict: dict[str, Any]
) -> None:
    assert validate(service, strict, as_png(reddish())) == 406
    assert validate(service, strict, as_png(greenish())) == 200


def test_the_same_upload_counts_once(service: Service, connection: dict[str, Any]) -> None:
    assert validate(service, connection, as_png(reddish())) == 200
    until(lambda: count_rows(service.sessions, Review) == 1)
    for _ in range(2):
        assert validate(service, connection, as_png(reddish())) == 200
    assert count_rows(service.sessions, Review) == 1
    assert count_rows(service.sessions, Check) == 1
    assert count_rows(service.sessions, Errand) == 1


def test_videos_are_let_through(service: Service, strict: dict[str, Any]) -> None:
    assert validate(service, strict, b"a video", media_type="video/mp4") == 200
    assert count_rows(service.sessions, Check) == 0


def test_a_file_that_is_too_large_is_not_judged_by_its_beginning(
    service: Service, strict: dict[str, Any]
) -> None:
    content = as_png(reddish()) + bytes(service.settings.max_image_bytes)
    assert validate(service, strict, content) == 200
    assert validate(service, strict, content, query="?when_away=closed") == 413
    assert count_rows(service.sessions, Check) == 0


def test_slow_is_open_or_closed_and_nothing_is_lost(
    service: Service, strict: dict[str, Any]
) -> None:
    service.is_working.clear()
    content = as_png(reddish())
    assert validate(service, strict, content) == 200
    assert validate(service, strict, content, query="?when_away=closed") == 503
    service.is_working.set()
    until(lambda: count_rows(service.sessions, Review) == 1)
    assert validate(service, strict, content) == 406
    assert count_rows(service.sessions, Check) == 1


def test_a_database_that_is_away_is_open_or_closed(
    app: OpenAPI, service: Service, strict: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from scans.database import open_sessions

    away = open_sessions("postgresql+psycopg://nobody@127.0.0.1:1/none")
    services = app.extensions["ntf"]
    monkeypatch.setitem(app.extensions, "ntf", replace_sessions(services, away))
    assert validate(service, strict, as_png(reddish())) == 200
    assert validate(service, strict, as_png(reddish()), query="?when_away=closed") == 503


def replace_sessions(services: Any, sessions: sessionmaker[Session]) -> Any:
    from dataclasses import replace

    return replace(services, sessions=sessions)


def test_our_500_and_our_silence_are_what_pict_rs_takes_for_a_no(
    service: Service, connection: dict[str, Any]
) -> None:
    service.front.status = "500 Down"
    assert validate(service, connection, as_png(reddish())) == 500
    service.front.hold = threading.Event()
    url = f"{service.url}{connection['receives_at']}"
    with pytest.raises(requests.Timeout):
        requests.post(url, data=b"x", timeout=0.5)
    assert count_rows(service.sessions, Check) == 0


def test_another_connections_secret_and_none_are_refused(
    app: OpenAPI, service: Service, connection: dict[str, Any], sessions: sessionmaker[Session]
) -> None:
    theirs = app.test_client()
    key = make_key(sessions, "tenant two", role="integration")
    theirs.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    other = connect(theirs)
    for secret in (other["secret"], key, "ntfc_wrong"):
        assert validate(service, connection | {"secret": secret}, as_png(reddish())) == 401
    url = f"{service.url}{connection['receives_at']}"
    assert requests.post(url, data=b"x", timeout=30).status_code == 401
    assert count_rows(service.sessions, Check) == 0
