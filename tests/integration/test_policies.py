"""Policies: shown before they are saved, versioned, and followed; and the page of models."""

import re
from types import ModuleType

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from scans.drift_rows import measure_drift
from scans.model_tables import DriftFigure
from scans.models import add_report, find_live_version
from scans.review_tables import Review
from scans.tables import WebhookEvent
from tests.integration.callers import fill_sign_in, judge, make_caller
from tests.pictures import as_jpeg, noise

Sessions = sessionmaker[Session]


@pytest.fixture
def admin(app: OpenAPI, sessions: Sessions, client: FlaskClient) -> FlaskClient:
    """A browser in which an admin of tenant one is signed in."""
    return sign_in(app, make_caller(app, sessions, person="Ada", role="admin"))


def sign_in(app: OpenAPI, caller: FlaskClient) -> FlaskClient:
    browser = app.test_client()
    key = caller.environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    assert fill_sign_in(browser, key).status_code == 303
    return browser


def token_of(browser: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/policies").text)
    assert found is not None
    return found[1]


def save(browser: FlaskClient, text: str, seen: int) -> int:
    form = {"text": text, "seen": seen, "csrf_token": token_of(browser)}
    return browser.post("/policies/save", data=form).status_code


def count(sessions: Sessions, table: type, **wanted: str) -> int:
    with sessions.begin() as session:
        return session.scalar(select(func.count()).select_from(table).filter_by(**wanted)) or 0


def test_the_effect_is_shown_before_it_is_saved(
    admin: FlaskClient, client: FlaskClient, tasks: ModuleType
) -> None:
    for seed in range(5):
        judge(client, tasks, as_jpeg(noise(seed)))
    form = {"text": "* * * notify", "csrf_token": token_of(admin)}
    page = admin.post("/policies/effect", data=form).text
    assert "On your last 5 checks" in page
    assert "built-in to notify: 5" in page
    assert "Save as version 1" in page
    assert "None was saved yet." in page
    del form["csrf_token"]
    assert admin.post("/policies/effect", data=form).status_code == 403


def test_every_version_stays_and_two_admins_do_not_overwrite_each_other(admin: FlaskClient) -> None:
    assert save(admin, "likely_ai * * notify", 0) == 200
    assert save(admin, "* * * nothing", 0) == 409
    assert save(admin, "* * * nothing", 1) == 200
    page = admin.get("/policies").text
    assert "Version 1 ·" in page
    assert "likely_ai * * notify" in page
    assert save(admin, "* * * remove", 2) == 409
    assert "Version 3" not in admin.get("/policies").text


def test_a_policy_is_followed(
    admin: FlaskClient,
    app: OpenAPI,
    client: FlaskClient,
    tasks: ModuleType,
    sessions: Sessions,
) -> None:
    integration = make_caller(app, sessions, person="machine", role="integration")
    wanted = {"url": "https://receiver.example/", "events": ["check.flagged"]}
    assert integration.post("/v1/webhooks", json=wanted).status_code == 201
    assert save(admin, "* * * nothing", 0) == 200
    judge(client, tasks, as_jpeg(noise(51)))
    assert (count(sessions, Review), count(sessions, WebhookEvent)) == (0, 0)
    assert save(admin, "* * interactive notify", 1) == 200
    check = judge(client, tasks, as_jpeg(noise(52)))
    assert count(sessions, WebhookEvent, type="check.flagged") == 1
    with sessions.begin() as session:
        told = session.scalars(select(WebhookEvent)).one()
        assert told.payload["data"]["id"] == check["id"]
    assert save(admin, "* * * queue", 2) == 200
    judge(client, tasks, as_jpeg(noise(53)))
    assert count(sessions, Review) == 1


@pytest.mark.parametrize("role", ["reader", "moderator", "integration"])
def test_policies_are_for_admins(app: OpenAPI, sessions: Sessions, role: str) -> None:
    browser = sign_in(app, make_caller(app, sessions, role=role))
    assert browser.get("/policies").status_code == 403
    assert browser.post("/policies/save", data={"text": "", "seen": 0}).status_code == 403
    assert browser.get("/models").status_code == (200 if role == "moderator" else 403)


def test_the_page_of_models_shows_reports_and_own_drift(
    admin: FlaskClient, app: OpenAPI, client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    checks = [judge(client, tasks, as_jpeg(noise(seed))) for seed in range(3)]
    with sessions.begin() as session:
        live = find_live_version(session) or ""
        add_report(session, live, "gated", {"reasons": ["Worse on generator: x."], "slices": []})
        assert measure_drift(session, live, [0.1, 0.2]) == 1
        figure = session.scalars(select(DriftFigure)).one()
        assert (figure.images, figure.score_index, figure.is_alarming) == (3, None, False)
    page = admin.get("/models").text
    assert "Worse on generator: x." in page
    assert all(check["id"] in page for check in checks)
    stranger = sign_in(app, make_caller(app, sessions, tenant="another", role="moderator"))
    assert "Nothing is measured yet." in stranger.get("/models").text
    assert "ntf_drift_alarms 0.0" in client.get("/metrics").text
    assert 'ntf_models{stage="live"} 1.0' in client.get("/metrics").text
