"""Mastodon's webhooks in, its admin API out: a stub of the documented JSON, read by Mastodon.py."""

import hashlib
import hmac
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from mastodon import Mastodon
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from scans.integration_tables import Errand
from scans.review_tables import Review
from scans.tables import Check
from tests.integration.conftest import count_rows, make_key
from tests.integration.json_stub import Answer, Fault, JsonStub, Request
from tests.integration.service_kit import Service, greenish, reddish
from tests.pictures import as_png

pytestmark = pytest.mark.integrations
WEBHOOK_SECRET, TOKEN = "made by mastodon", "token of our account"
OUR_ID, REPORTER_ID, TARGET_ID = "900", "1", "2"
REPORT = "/api/v1/admin/reports/77"
SENT_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def account(account_id: str) -> dict[str, Any]:
    """`Admin::Account`, as far as a report shows it."""
    return {"id": account_id, "username": f"user{account_id}", "domain": None}


@dataclass
class MastodonServer:
    """What a Mastodon server keeps, in the JSON that it documents."""

    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    media: dict[str, bytes] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(100))

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/media/"):
            return 200, self.media[request.path]
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": "The access token is invalid"}
        match (request.method, request.path):
            case ("GET", "/api/v1/accounts/verify_credentials"):
                return 200, account(OUR_ID)
            case ("GET", "/api/v1/admin/reports"):
                return 200, self.list_reports(request.query)
            case ("POST", "/api/v1/reports"):
                return 200, self.file_report(request.json)
        report = self.reports.get(request.path.rpartition("/")[2])
        if report is None:
            return 404, {"error": "Record not found"}
        if request.method == "PUT":
            report["category"] = request.json["category"]
            report["rules"] = [{"id": one, "text": "…"} for one in request.json["rule_ids"]]
        return 200, report

    def list_reports(self, query: dict[str, str]) -> list[dict[str, Any]]:
        return [
            report
            for report in self.reports.values()
            if report["account"]["id"] == query["account_id"]
            and report["target_account"]["id"] == query["target_account_id"]
            and report["action_taken"] == (query.get("resolved") == "true")
        ]

    def file_report(self, wanted: dict[str, Any]) -> dict[str, Any]:
        return self.add_report(str(next(self.ids)), OUR_ID, wanted["comment"], [])

    def add_report(
        self, report_id: str, reporter_id: str, comment: str, statuses: list[dict[str, Any]]
    ) -> dict[str, Any]:
        report = {
            "id": report_id,
            "action_taken": False,
            "action_taken_at": None,
            "category": "other",
            "comment": comment,
            "forwarded": False,
            "created_at": "2026-11-24T12:00:00.000Z",
            "updated_at": "2026-11-24T12:00:00.000Z",
            "account": account(reporter_id),
            "target_account": account(TARGET_ID),
            "assigned_account": None,
            "action_taken_by_account": None,
            "statuses": statuses,
            "rules": [],
        }
        self.reports[report_id] = report
        return report


@dataclass
class Place:
    """A Mastodon server that is connected to ours."""

    server: MastodonServer
    stub: JsonStub
    service: Service
    connection: dict[str, Any]

    def report(self, *pictures: bytes, reporter_id: str = REPORTER_ID) -> dict[str, Any]:
        """Someone reports a status with these pictures."""
        media = []
        for number, content in enumerate(pictures):
            path = f"/media/{number}.png"
            self.server.media[path] = content
            url = f"{self.stub.url}{path}"
            media.append({"id": str(number), "type": "image", "url": url, "remote_url": None})
        status = {"id": "5", "url": f"{self.stub.url}/@b/5", "media_attachments": media}
        return self.server.add_report("77", reporter_id, "looks odd", [status])

    def deliver(self, report: dict[str, Any], **changes: Any) -> int:
        """What Mastodon's `Webhooks::DeliveryWorker` sends."""
        at = changes.get("created_at", datetime.now(UTC))
        event = changes.get("event", "report.created")
        body = json.dumps({"event": event, "created_at": at.isoformat(), "object": report}).encode()
        key = changes.get("secret", WEBHOOK_SECRET).encode()
        signature = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
        headers = {"Content-Type": "application/json", "X-Hub-Signature": signature}
        url = self.service.url + changes.get("path", self.connection["receives_at"])
        return requests.post(url, data=body, headers=headers, timeout=30).status_code

    def settle(self) -> None:
        self.service.settle()

    def notes(self) -> list[str]:
        """The comments of the reports by our account, as Mastodon.py reads them."""
        found = self.client().admin_reports(account_id=OUR_ID, target_account_id=TARGET_ID)
        return [str(report.comment) for report in found]

    def client(self) -> Mastodon:
        return Mastodon(access_token=TOKEN, api_base_url=self.stub.url, version_check_mode="none")


@pytest.fixture
def secret(sessions: sessionmaker[Session]) -> str:
    return make_key(sessions, "tenant one", role="integration")


def connect(client: FlaskClient, address: str, **options: Any) -> dict[str, Any]:
    answer = client.post(
        "/v1/connections",
        json={
            "kind": "mastodon",
            "address": address,
            "access_token": TOKEN,
            "webhook_secret": WEBHOOK_SECRET,
            **options,
        },
    )
    assert answer.status_code == 201, answer.json
    body: dict[str, Any] = answer.json
    return body


@pytest.fixture
def place(client: FlaskClient, service: Service) -> Iterator[Place]:
    service.is_working.clear()  # the tests say when
    server = MastodonServer()
    with JsonStub(server.answer) as stub:
        service.open_port(stub.port)
        yield Place(server, stub, service, connect(client, stub.url, rule_id="3"))


def read_errand(service: Service) -> Errand:
    with service.sessions.begin() as session:
        return session.scalars(select(Errand)).one()


def test_a_reports_pictures_are_checked_and_told_on_it(place: Place) -> None:
    assert place.deliver(place.report(as_png(reddish()), as_png(greenish()))) == 204
    place.settle()
    told = place.client().admin_report("77")
    assert told.category == "violation"
    assert [rule["id"] for rule in told.rules] == ["3"]
    (note,) = place.notes()
    assert "media 0: likely AI-made, score 0.97" in note
    assert "media 1: no evidence of AI" in note
    assert "a person decides" in note
    assert count_rows(place.service.sessions, Review) == 1
    assert read_errand(place.service).done_at is not None


def test_nothing_is_written_where_nothing_is_likely(place: Place) -> None:
    assert place.deliver(place.report(as_png(greenish()))) == 204
    place.settle()
    assert place.client().admin_report("77").category == "other"
    assert place.notes() == []


def test_a_repeated_delivery_counts_once(place: Place) -> None:
    report = place.report(as_png(reddish()))
    for _ in range(3):
        assert place.deliver(report) == 204
        place.settle()
    assert len(place.notes()) == 1
    assert count_rows(place.service.sessions, Check) == 1
    assert count_rows(place.service.sessions, Errand) == 1


def test_what_we_wrote_ourselves_is_not_answered(place: Place) -> None:
    assert place.deliver(place.report(as_png(reddish()), reporter_id=OUR_ID)) == 204
    place.settle()
    assert place.client().admin_report("77").category == "other"
    assert place.stub.count("POST", "/api/v1/reports") == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "another"},
        {"path": "/integrations/mastodon/00000000-0000-0000-0000-000000000000"},
    ],
)
def test_a_wrong_signature_is_refused(place: Place, changes: dict[str, Any]) -> None:
    assert place.deliver(place.report(as_png(reddish())), **changes) == 401
    assert count_rows(place.service.sessions, Check) == 0


def test_another_tenants_secret_is_refused(
    app: OpenAPI, place: Place, sessions: sessionmaker[Session]
) -> None:
    theirs = app.test_client()
    key = make_key(sessions, "tenant two", role="integration")
    theirs.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    other = connect(theirs, place.stub.url, webhook_secret="of tenant two")
    report = place.report(as_png(reddish()))
    assert place.deliver(report, secret="of tenant two") == 401
    assert place.deliver(report, path=other["receives_at"]) == 401
    assert count_rows(place.service.sessions, Check) == 0


@pytest.mark.parametrize("age", [timedelta(days=4), timedelta(minutes=-10)])
def test_an_old_webhook_and_one_from_the_future_are_refused(place: Place, age: timedelta) -> None:
    report = place.report(as_png(reddish()))
    assert place.deliver(report, created_at=datetime.now(UTC) - age) == 400
    assert count_rows(place.service.sessions, Check) == 0


def test_other_events_are_taken_and_do_nothing(place: Place) -> None:
    assert place.deliver({"id": "1"}, event="account.created") == 204
    assert count_rows(place.service.sessions, Errand) == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", REPORT), ("POST", "/api/v1/reports"), ("GET", "/api/v1/accounts/verify_credentials")],
)
def test_a_mastodon_that_fails_is_told_later(place: Place, method: str, path: str) -> None:
    place.stub.faults[method, path] = [Fault(500), Fault(503)]
    place.deliver(place.report(as_png(reddish())))
    place.settle()
    assert read_errand(place.service).last_status == 500
    for _ in range(2):
        place.service.make_errands_due()
        place.settle()
    assert read_errand(place.service).done_at is not None
    assert len(place.notes()) == 1


def test_a_note_whose_answer_was_lost_is_not_written_twice(place: Place) -> None:
    place.stub.faults["POST", "/api/v1/reports"] = [Fault(is_cut_off=True)]
    place.deliver(place.report(as_png(reddish())))
    place.settle()
    assert read_errand(place.service).done_at is None
    place.service.make_errands_due()
    place.settle()
    assert read_errand(place.service).done_at is not None
    assert len(place.notes()) == 1


def test_a_report_that_is_gone_is_given_up_and_can_be_replayed(
    client: FlaskClient, place: Place
) -> None:
    report = place.report(as_png(reddish()))
    place.deliver(report)
    del place.server.reports["77"]
    place.settle()
    listed = client.get(f"/v1/connections/{place.connection['id']}/errands?dead=true").json
    (errand,) = listed["errands"]
    assert (errand["state"], errand["last_status"]) == ("dead", 404)
    place.server.reports["77"] = report
    assert client.post(f"/v1/connections/errands/{errand['id']}/replay").status_code == 202
    place.settle()
    assert len(place.notes()) == 1


def test_what_could_not_be_checked_is_said_only_where_closed(
    client: FlaskClient, place: Place
) -> None:
    report = place.report(b"no picture")
    place.deliver(report)
    closed = connect(client, place.stub.url, when_away="closed")
    place.deliver(report, path=closed["receives_at"])
    place.settle()
    (note,) = place.notes()
    assert "media 0: not checked (not_an_image)" in note
    assert place.client().admin_report("77").category == "other"


def test_our_500_makes_mastodon_try_again_and_then_all_is_well(place: Place) -> None:
    report = place.report(as_png(reddish()))
    place.service.front.status = "500 Down"
    assert place.deliver(report) == 500  # Sidekiq tries 16 times
    place.service.front.status = None
    assert place.deliver(report) == 204
    place.settle()
    assert len(place.notes()) == 1


def test_slow_workers_lose_nothing(place: Place) -> None:
    """The receiver answers at once; the report is told when the checks have ended."""
    assert place.deliver(place.report(as_png(reddish()))) == 204
    assert place.service.run_one() is False
    place.settle()
    assert len(place.notes()) == 1
