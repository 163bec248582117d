"""What people said of an image, and what would tell of it again, goes with the image."""

from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from scans.request_tables import BatchItem, IdempotentAnswer
from scans.review_tables import Appeal, Decision, Feedback, RegressionCase, Review
from tests.integration.callers import judge, make_caller
from tests.pictures import as_jpeg, as_png, noise

Sessions = sessionmaker[Session]
OPINIONS = (Feedback, Appeal, Review, Decision, RegressionCase)


@pytest.fixture
def admin(app: OpenAPI, sessions: Sessions) -> FlaskClient:
    return make_caller(app, sessions, role="admin")


def count(sessions: Sessions, *tables: type) -> list[int]:
    with sessions.begin() as session:
        return [session.scalar(select(func.count()).select_from(one)) or 0 for one in tables]


def reverse(sessions: Sessions, admin: FlaskClient, check: dict[str, Any]) -> str:
    """Let people say, ask for a person, and decide against the label. Returns the review's id."""
    with sessions.begin() as session:
        session.execute(text("UPDATE verdicts SET label = 'likely_ai'"))
    path = f"/v1/checks/{check['id']}"
    assert admin.post(f"{path}/feedback", json={"says": "real"}).status_code == 201
    assert admin.post(f"{path}/appeal", json={"note": "it is mine"}).status_code == 201
    review = admin.post("/v1/reviews/claim").json
    decided = admin.post(f"/v1/reviews/{review['id']}/decision", json={"says": "real"})
    assert decided.status_code == 200
    return str(review["id"])


def erase(admin: FlaskClient, check: dict[str, Any]) -> None:
    assert admin.delete(f"/v1/images/{check['image']['sha256']}").status_code == 200


def test_opinions_go_with_the_image(
    admin: FlaskClient, sessions: Sessions, tasks: ModuleType
) -> None:
    check = judge(admin, tasks, as_jpeg(noise(301)))
    review_id = reverse(sessions, admin, check)
    assert count(sessions, *OPINIONS) == [1, 1, 1, 1, 1]
    erase(admin, check)
    assert count(sessions, *OPINIONS) == [0, 0, 0, 0, 0]
    assert admin.get(f"/v1/reviews/{review_id}").status_code == 404
    assert admin.get("/v1/checks").json["checks"] == []
    for call, body in (("feedback", {"says": "ai"}), ("appeal", {})):
        answer = admin.post(f"/v1/checks/{check['id']}/{call}", json=body)
        assert (answer.status_code, answer.json["code"]) == (404, "check_not_found")


def test_a_decision_stays_for_another_file_with_the_same_picture(
    admin: FlaskClient, sessions: Sessions, tasks: ModuleType
) -> None:
    pixels = noise(302)
    erased = judge(admin, tasks, as_png(pixels))
    kept = judge(admin, tasks, as_png(pixels) + b"more behind the end")
    assert erased["image"]["sha256"] != kept["image"]["sha256"]
    review_id = reverse(sessions, admin, erased)
    erase(admin, erased)
    assert admin.get(f"/v1/reviews/{review_id}").json["check"]["id"] == kept["id"]
    assert admin.get(f"/v1/checks/{kept['id']}").json["verdict"]["human"]["says"] == "real"
    with sessions.begin() as session:
        case = session.scalars(select(RegressionCase)).one()
        assert case.image_sha256 == kept["image"]["sha256"]
    assert count(sessions, Feedback, Appeal) == [0, 0]
    erase(admin, kept)
    assert count(sessions, *OPINIONS) == [0, 0, 0, 0, 0]


def test_what_waits_for_a_moderator_can_be_erased_and_cannot_be_decided(
    admin: FlaskClient, sessions: Sessions, tasks: ModuleType
) -> None:
    check = judge(admin, tasks, as_jpeg(noise(303)))
    admin.post(f"/v1/checks/{check['id']}/appeal", json={})
    review = admin.post("/v1/reviews/claim").json
    erase(admin, check)
    answer = admin.post(f"/v1/reviews/{review['id']}/decision", json={"says": "ai"})
    assert (answer.status_code, answer.json["code"]) == (404, "review_not_found")
    assert admin.get("/v1/reviews").json["reviews"] == []


def test_batches_and_kept_answers_tell_no_more_of_it(
    admin: FlaskClient, sessions: Sessions, tasks: ModuleType
) -> None:
    check = judge(admin, tasks, as_jpeg(noise(304)))
    batch = admin.post("/v1/batches", json={"urls": ["http://127.0.0.1/a.jpg"]}).json
    with sessions.begin() as session:
        session.execute(
            text("UPDATE batch_items SET check_id = :id, url = 'http://private.example/x'"),
            {"id": check["id"]},
        )
    path, key = f"/v1/checks/{check['id']}/appeal", {"Idempotency-Key": "k"}
    admin.post(path, json={}, headers=key)
    assert count(sessions, BatchItem, IdempotentAnswer) == [1, 1]
    erase(admin, check)
    assert count(sessions, IdempotentAnswer) == [0]
    read = admin.get(f"/v1/batches/{batch['id']}").json
    assert read["counts"] | {"total": 1, "refused": 1, "done": 0} == read["counts"]
    assert "private.example" not in str(read)
    assert read["items"][0]["error"]["code"] == "image_erased"
