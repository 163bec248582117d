"""What the operator sees: names of requests, figures by stage, live apart from ready."""

import io
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
import structlog
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from api.app import create_app
from scans.settings import Settings
from scans.tables import Check
from tests.integration.conftest import close_app
from tests.pictures import as_jpeg, noise

Sessions = sessionmaker[Session]


def upload(client: FlaskClient, content: bytes, **headers: str):
    return client.post("/v1/checks", data={"image": (io.BytesIO(content), "a")}, headers=headers)


def read_figures(client: FlaskClient) -> dict[tuple[str, ...], float]:
    """The value of each of our figures, by its name and its labels' values."""
    text = client.get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("given", ["proxy-7f.3", "a" * 64])
def test_a_request_keeps_the_name_that_a_proxy_gave_it(client: FlaskClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, 'a"b', "a b", "ä"])
def test_a_name_that_could_break_a_log_is_replaced(client: FlaskClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"].isalnum()
    assert answer.headers["X-Request-Id"] != given


def test_the_worker_names_the_request_in_its_lines(client: FlaskClient, tasks: ModuleType) -> None:
    asked = upload(client, as_jpeg(noise(1)), **{"X-Request-Id": "asked-1"})
    # The worker's own context: nothing may come over but by the row.
    structlog.contextvars.clear_contextvars()
    told: list[dict[str, object]] = []

    def keep(_: object, __: str, event: dict[str, object]) -> dict[str, object]:
        told.append(structlog.contextvars.get_contextvars() | event)
        raise structlog.DropEvent

    before = structlog.get_config()["processors"]
    structlog.configure(processors=[keep], cache_logger_on_first_use=False)
    try:
        tasks.log = structlog.get_logger()
        tasks.fetch()
        tasks.detect()
    finally:
        structlog.configure(processors=before)
        tasks.log = structlog.get_logger()
    done = [event for event in told if event["event"] == "step_done"]
    assert [event["step"] for event in done] == ["fetch", "detect"]
    for event in done:
        assert (event["request_id"], event["check_id"]) == ("asked-1", asked.json["id"])


def test_figures_tell_what_waits_and_how_long_each_stage_took(
    client: FlaskClient, tasks: ModuleType
) -> None:
    upload(client, as_jpeg(noise(1)))
    waiting = read_figures(client)
    assert waiting["ntf_checks", "queued"] == waiting["ntf_waiting_checks", "fetch"] == 1
    assert waiting["ntf_oldest_open_check_seconds",] > 0
    assert ("ntf_check_stage_seconds", "0.5", "all") not in waiting
    tasks.fetch()
    assert read_figures(client)["ntf_waiting_checks", "detect"] == 1
    tasks.detect()
    done = read_figures(client)
    assert done["ntf_checks", "done"] == 1
    assert done["ntf_waiting_checks", "fetch"] == done["ntf_waiting_checks", "detect"] == 0
    stages = [done["ntf_check_stage_seconds", "0.5", stage] for stage in ("fetch", "detect")]
    assert sum(stages) == pytest.approx(done["ntf_check_stage_seconds", "0.5", "all"], rel=1e-3)


def test_figures_tell_why_checks_fail(client: FlaskClient, tasks: ModuleType) -> None:
    for content in (b"no image", b"none either"):
        upload(client, content)
        tasks.fetch()
    assert read_figures(client)["ntf_failed_checks", "not_an_image"] == 2


def test_a_web_process_without_its_database_is_live_and_not_ready(
    settings: Settings, secret: str
) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    app = create_app(settings.model_copy(update={"database_url": away}))
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    asked = client.post(
        "/v1/checks",
        json={"url": "http://a.example/"},
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert asked.status_code == 503
    assert "Retry-After" in asked.headers
    close_app(app)


def test_the_row_keeps_the_name_of_the_request_that_made_it(
    client: FlaskClient, sessions: Sessions
) -> None:
    for name in ("first", "second"):
        client.post(
            "/v1/checks", json={"url": "http://a.example/x.jpg"}, headers={"X-Request-Id": name}
        )
    with sessions.begin() as session:
        assert session.scalars(select(Check.request_id)).all() == ["first"]


def test_the_dashboard_shows_only_figures_that_there_are(client: FlaskClient) -> None:
    dashboard = json.loads((Path(__file__).parents[2] / "docs" / "grafana.json").read_text())
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"ntf_[a-z_]+", target["expr"])
    }
    text = client.get("/metrics").text
    told = set(re.findall(r"^# TYPE (ntf_[a-z_]+)", text, re.MULTILINE))
    assert {re.sub(r"_(count|bucket)$", "", name) for name in asked} <= told
    assert len(asked) >= 6
