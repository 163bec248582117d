"""Feedback over real rows: appended, never changed, weighed by who said it."""

from datetime import timedelta
from types import ModuleType

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session, sessionmaker

from scans.feedback import BURST_OF_ONE_PERSON
from scans.review_tables import Feedback
from tests.integration.callers import judge, make_caller
from tests.pictures import as_jpeg, noise

Sessions = sessionmaker[Session]


def say(client: FlaskClient, check: dict, says: str, **more: str):
    return client.post(f"/v1/checks/{check['id']}/feedback", json={"says": says, **more})


def test_a_moderators_word_is_a_label_and_a_readers_a_hint(
    app: OpenAPI, client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    check = judge(client, tasks, as_jpeg(noise(1)))
    hint = say(client, check, "ai", reason="the hands", note="look at the left one")
    assert (hint.status_code, hint.json["standing"]) == (201, "quarantined")
    assert (hint.json["reason"], hint.json["note"]) == ("the hands", "look at the left one")
    label = say(make_caller(app, sessions, role="moderator"), check, "real")
    assert label.json["standing"] == "label"
    assert client.get(f"/v1/checks/{check['id']}").json["verdict"]["human"] is None


def test_a_second_opinion_stands_beside_the_first_and_none_can_be_changed(
    client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    check = judge(client, tasks, as_jpeg(noise(2)))
    say(client, check, "ai")
    say(client, check, "real")
    with sessions.begin() as session:
        said = session.scalars(select(Feedback.says).order_by(Feedback.created_at)).all()
        assert said == ["ai", "real"]
    with pytest.raises(ProgrammingError, match="append-only"), sessions.begin() as session:
        session.execute(text("UPDATE feedback SET says = 'unsure'"))


def test_a_reader_is_counted_once_moderators_agreed_often_enough(
    app: OpenAPI, client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    moderator = make_caller(app, sessions, role="moderator")
    for turn in range(10):
        says = ("ai", "real")[turn % 2]
        check = judge(client, tasks, as_jpeg(noise(100 + turn)))
        assert say(client, check, says).json["standing"] == "quarantined"
        client.post(f"/v1/checks/{check['id']}/appeal", json={})
        review = moderator.post("/v1/reviews/claim").json
        assert review["check"]["id"] == check["id"]
        moderator.post(f"/v1/reviews/{review['id']}/decision", json={"says": says})
    assert say(client, check, "ai").json["standing"] == "counted"
    other = make_caller(app, sessions, person="someone else")
    assert say(other, check, "ai").json["standing"] == "quarantined"


def test_what_was_said_after_the_decision_proves_nothing(
    app: OpenAPI, client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    moderator = make_caller(app, sessions, role="moderator")
    for turn in range(10):
        says = ("ai", "real")[turn % 2]
        check = judge(client, tasks, as_jpeg(noise(200 + turn)))
        client.post(f"/v1/checks/{check['id']}/appeal", json={})
        review = moderator.post("/v1/reviews/claim").json
        moderator.post(f"/v1/reviews/{review['id']}/decision", json={"says": says})
        shown = client.get(f"/v1/checks/{check['id']}").json["verdict"]["human"]["says"]
        answer = say(client, check, shown)
    assert answer.json["standing"] == "quarantined"


def test_a_burst_is_flagged_and_ends_with_its_hour(
    client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    check = judge(client, tasks, as_jpeg(noise(3)))
    with sessions.begin() as session:
        first = session.execute(
            text("SELECT tenant_id, person_id FROM api_keys WHERE role = 'reader'")
        ).one()
        for turn in range(BURST_OF_ONE_PERSON):
            session.add(
                Feedback(
                    tenant_id=first.tenant_id,
                    check_id=check["id"],
                    picture=f"{turn:064x}",
                    person_id=first.person_id,
                    role="reader",
                    says="ai",
                )
            )
    assert say(client, check, "ai").json["flags"] == ["burst_of_person"]
    with sessions.begin() as session:
        session.execute(text("ALTER TABLE feedback DISABLE TRIGGER feedback_is_append_only"))
        session.execute(update(Feedback).values(created_at=func.now() - timedelta(hours=2)))
        session.execute(text("ALTER TABLE feedback ENABLE TRIGGER feedback_is_append_only"))
    assert say(client, check, "ai").json["flags"] == []


def test_another_tenants_check_cannot_be_spoken_about(
    app: OpenAPI, client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    check = judge(client, tasks, as_jpeg(noise(4)))
    other = make_caller(app, sessions, tenant="tenant two", role="moderator")
    assert say(other, check, "ai").json["code"] == "check_not_found"
    appeal = other.post(f"/v1/checks/{check['id']}/appeal", json={})
    assert appeal.json["code"] == "check_not_found"
