"""`Idempotency-Key`: a repeated request is answered, not carried out again."""

import io
import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from scans.idempotent_answers import (
    ABANDONED_SECONDS,
    KEPT_SECONDS,
    forget_old_answers,
    keep_answer,
    take_key,
)
from scans.keys import KeyHolder
from scans.request_tables import Batch, IdempotentAnswer
from tests.integration.callers import make_caller
from tests.integration.conftest import make_key

Sessions = sessionmaker[Session]
BODY = {"urls": ["http://example.org/a.jpg"]}


@pytest.fixture
def secret(sessions: Sessions) -> str:
    """The key of a program of tenant one's: a reader sends no batches."""
    return make_key(sessions, "tenant one", role="integration")


def send(client: FlaskClient, key: str, body: dict[str, object] = BODY):
    return client.post("/v1/batches", json=body, headers={"Idempotency-Key": key})


def count_batches(sessions: Sessions) -> int:
    with sessions.begin() as session:
        return session.scalar(select(func.count()).select_from(Batch)) or 0


def age_answers(sessions: Sessions, seconds: float) -> None:
    with sessions.begin() as session:
        earlier = IdempotentAnswer.created_at - timedelta(seconds=seconds)
        session.execute(update(IdempotentAnswer).values(created_at=earlier))


def test_the_same_request_gets_the_same_answer(client: FlaskClient, sessions: Sessions) -> None:
    key = str(uuid4())
    first, again = send(client, key), send(client, f'"{key}"')
    assert again.status_code == first.status_code == 202
    assert again.data == first.data
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert count_batches(sessions) == 1


def test_another_body_or_path_under_the_key_is_a_conflict(
    client: FlaskClient, sessions: Sessions
) -> None:
    key = str(uuid4())
    send(client, key)
    other = send(client, key, {"urls": ["http://example.org/b.jpg"]})
    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")
    elsewhere = client.post(
        "/v1/checks", json={"url": "http://example.org/"}, headers={"Idempotency-Key": key}
    )
    assert elsewhere.json["code"] == "idempotency_key_reused"
    assert count_batches(sessions) == 1


def test_an_upload_is_the_same_whatever_its_boundary(client: FlaskClient) -> None:
    def upload(content: bytes):
        return client.post(
            "/v1/checks",
            data={"image": (io.BytesIO(content), "a"), "url": "http://example.org/"},
            headers={"Idempotency-Key": "upload"},
        )

    first, again, other = upload(b"one"), upload(b"one"), upload(b"two")
    assert again.json == first.json
    assert "Idempotency-Replayed" in again.headers
    assert other.status_code == 409


def test_of_many_at_once_one_is_carried_out(
    app: OpenAPI, secret: str, sessions: Sessions, client: FlaskClient
) -> None:
    answers: list[tuple[int, str]] = []
    start = threading.Barrier(8)

    def ask() -> None:
        caller = app.test_client()
        caller.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
        start.wait()
        answer = send(caller, "at once")
        answers.append((answer.status_code, answer.json.get("code", "")))

    callers = [threading.Thread(target=ask) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert set(answers) <= {(202, ""), (409, "request_in_progress")}
    assert (202, "") in answers
    assert count_batches(sessions) == 1
    assert send(client, "at once").headers["Idempotency-Replayed"] == "true"


def test_a_key_is_free_again_after_a_day(client: FlaskClient, sessions: Sessions) -> None:
    send(client, "yesterday")
    age_answers(sessions, KEPT_SECONDS + 1)
    send(client, "yesterday")
    assert count_batches(sessions) == 2
    age_answers(sessions, KEPT_SECONDS + 1)
    with sessions.begin() as session:
        forget_old_answers(session)
        assert session.scalars(select(IdempotentAnswer)).all() == []


def test_tenants_and_people_share_no_keys(
    app: OpenAPI, client: FlaskClient, sessions: Sessions
) -> None:
    first = send(client, "mine")
    other = send(make_caller(app, sessions, tenant="tenant two", role="integration"), "mine")
    assert other.status_code == 202
    assert other.json["id"] != first.json["id"]
    colleague = send(make_caller(app, sessions, role="integration"), "mine")
    assert colleague.json["code"] == "idempotency_key_reused"


def test_a_refused_request_may_be_put_right(client: FlaskClient) -> None:
    assert send(client, "again", {"urls": []}).status_code == 422
    assert send(client, "again").status_code == 202


def test_without_a_key_in_force_nothing_is_answered(app: OpenAPI, client: FlaskClient) -> None:
    send(client, "secret")
    assert send(app.test_client(), "secret").status_code == 401


@pytest.mark.parametrize("key", ["", '""', "x" * 256])
def test_a_key_of_no_use_is_refused(client: FlaskClient, key: str) -> None:
    assert send(client, key).json["code"] == "idempotency_key_invalid"


def test_an_abandoned_request_is_taken_over_and_can_no_longer_answer(
    sessions: Sessions, holder: KeyHolder
) -> None:
    def take() -> UUID | None:
        with sessions.begin() as session:
            turn = take_key(session, holder.tenant_id, "lost", "0" * 64)
            turns.append(turn)
            return turn.token if turn else None

    turns: list[object] = []
    assert take()
    assert take() is None
    age_answers(sessions, ABANDONED_SECONDS + 1)
    assert take()
    with sessions.begin() as session:
        keep_answer(session, turns[0], status=200, headers={}, body=b"late")
        kept = session.scalars(select(IdempotentAnswer)).one()
        assert (kept.status, kept.token) == (None, turns[2].token)


@pytest.mark.parametrize("path", ["/v1/keys", "/v1/invitations", "/v1/webhooks"])
def test_an_answer_with_a_secret_is_not_kept(app: OpenAPI, sessions: Sessions, path: str) -> None:
    admin = make_caller(app, sessions, role="admin")
    body = {"url": "http://example.org/"} if path == "/v1/webhooks" else {"name": "x"}
    refused = admin.post(path, json=body, headers={"Idempotency-Key": "once"})
    assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_refused")
    assert admin.post(path, json=body).status_code == 201
    with sessions.begin() as session:
        assert session.scalars(select(IdempotentAnswer)).all() == []


def test_a_call_with_a_key_costs_one_of_the_budget(client: FlaskClient) -> None:
    before = int(client.get("/v1/models").headers["RateLimit-Remaining"])
    after = int(send(client, "budget").headers["RateLimit-Remaining"])
    assert before - after == 1
