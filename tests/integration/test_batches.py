"""Batches and lists of checks, over real rows."""

import threading
from collections import Counter
from datetime import timedelta
from types import ModuleType
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from scans.batches import forget_old_batches
from scans.keys import KeyHolder
from scans.many_checks import CHUNK_ROWS
from scans.request_tables import Batch
from scans.tables import Check
from tests.integration.callers import judge, make_caller
from tests.integration.conftest import make_key
from tests.pictures import as_jpeg, noise

Sessions = sessionmaker[Session]


@pytest.fixture
def secret(sessions: Sessions) -> str:
    """The key of a program of tenant one's: a reader sends no batches."""
    return make_key(sessions, "tenant one", role="integration")


def addresses(count: int) -> list[str]:
    return [f"http://127.0.0.1/{uuid4()}.jpg" for _ in range(count)]


def count_checks(sessions: Sessions) -> int:
    with sessions.begin() as session:
        return session.scalar(select(func.count()).select_from(Check)) or 0


def test_a_batch_goes_from_queued_to_ended(client: FlaskClient, tasks: ModuleType) -> None:
    urls = [*addresses(2), "ftp://example.org/a"]
    asked = client.post("/v1/batches", json={"urls": urls, "urgency": "backfill"})
    assert asked.status_code == 202
    assert asked.json["counts"] | {"queued": 2, "refused": 1, "total": 3} == asked.json["counts"]
    assert asked.json["has_ended"] is False
    while tasks.fetch():
        pass
    ended = client.get(asked.headers["Location"]).json
    assert (ended["has_ended"], ended["counts"]["failed"]) == (True, 2)
    assert [item["url"] for item in ended["items"]] == urls
    assert [item["error"]["code"] for item in ended["items"]] == [
        "url_rejected",
        "url_rejected",
        "url_invalid",
    ]


def test_a_thousand_addresses_are_a_thousand_checks_and_repeats_share_one(
    client: FlaskClient, sessions: Sessions
) -> None:
    urls = addresses(999)
    asked = client.post("/v1/batches", json={"urls": [*urls, urls[0]]})
    assert asked.json["counts"]["queued"] == 1000
    assert count_checks(sessions) == 999
    items = client.get(asked.headers["Location"]).json["items"]
    assert items[0]["check_id"] == items[-1]["check_id"]
    too_many = client.post("/v1/batches", json={"urls": addresses(1001)})
    assert (too_many.status_code, too_many.json["code"]) == (422, "request_invalid")


def test_batches_that_share_addresses_meet_without_locking_each_other_out(
    app: OpenAPI, client: FlaskClient, secret: str, sessions: Sessions
) -> None:
    urls = addresses(CHUNK_ROWS * 2)
    statuses: list[int] = []
    start = threading.Barrier(4)

    def ask(order: list[str]) -> None:
        caller = app.test_client()
        caller.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
        start.wait()
        statuses.append(caller.post("/v1/batches", json={"urls": order}).status_code)

    callers = [threading.Thread(target=ask, args=[urls[::way]]) for way in (1, -1, 1, -1)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert statuses == [202] * 4
    assert count_checks(sessions) == len(urls)


def test_a_batch_is_its_tenants_alone(
    app: OpenAPI, client: FlaskClient, sessions: Sessions
) -> None:
    asked = client.post("/v1/batches", json={"urls": addresses(1)})
    other = make_caller(app, sessions, tenant="tenant two", role="integration")
    assert other.get(asked.headers["Location"]).json["code"] == "batch_not_found"
    assert other.get("/v1/checks").json["checks"] == []


def test_a_list_is_read_page_by_page_and_new_checks_move_nothing(
    client: FlaskClient, sessions: Sessions
) -> None:
    # One transaction, so that all were made at one time and the id decides.
    client.post("/v1/batches", json={"urls": addresses(25)})
    seen: list[str] = []
    query = {"limit": "10"}
    while True:
        page = client.get("/v1/checks", query_string=query).json
        seen += [check["id"] for check in page["checks"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
        client.post("/v1/checks", json={"url": addresses(1)[0]})
    assert len(seen) == 25
    assert Counter(seen).most_common(1)[0][1] == 1
    newest = client.get("/v1/checks", query_string={"limit": "1"}).json["checks"][0]["id"]
    assert newest not in seen


def test_a_list_is_filtered(client: FlaskClient, tasks: ModuleType) -> None:
    judged = judge(client, tasks, as_jpeg(noise(41)))
    client.post("/v1/checks", json={"url": addresses(1)[0]})

    def ids(**query: str) -> list[str]:
        return [one["id"] for one in client.get("/v1/checks", query_string=query).json["checks"]]

    assert len(ids()) == 2
    assert ids(status="done") == [judged["id"]]
    assert ids(label=judged["verdict"]["label"]) == [judged["id"]]
    assert ids(sha256=judged["image"]["sha256"]) == [judged["id"]]
    assert judged["id"] in ids(created_from=judged["created_at"])
    assert ids(created_before=judged["created_at"]) == []


@pytest.mark.parametrize("cursor", ["x", "AAAA", "MjAyNi0xMS0yNCB4"])
def test_a_cursor_of_another_make_is_refused(client: FlaskClient, cursor: str) -> None:
    answer = client.get("/v1/checks", query_string={"cursor": cursor})
    assert (answer.status_code, answer.json["code"]) == (422, "cursor_invalid")


def test_urgency_of_a_batch_reaches_its_checks(
    client: FlaskClient, sessions: Sessions, holder: KeyHolder
) -> None:
    client.post("/v1/batches", json={"urls": addresses(3), "urgency": "backfill"})
    with sessions.begin() as session:
        rows = session.execute(select(Check.urgency, Check.due_at - Check.created_at)).all()
    assert {(urgency, later.total_seconds()) for urgency, later in rows} == {(2, 1200)}


def test_an_old_batch_goes_when_all_of_it_has_ended_and_its_checks_stay(
    client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    def forget(keep_days: int = 30) -> int:
        with sessions.begin() as session:
            return forget_old_batches(session, keep_days, limit=10)

    old = client.post("/v1/batches", json={"urls": addresses(2)}).headers["Location"]
    with sessions.begin() as session:
        session.execute(update(Batch).values(created_at=func.now() - timedelta(days=31)))
    young = client.post("/v1/batches", json={"urls": addresses(1)}).headers["Location"]
    assert forget() == 0  # its checks are open
    while tasks.fetch():
        pass
    assert forget(keep_days=32) == 0
    assert forget() == 1
    assert client.get(old).status_code == 404
    assert client.get(young).status_code == 200
    assert count_checks(sessions) == 3
