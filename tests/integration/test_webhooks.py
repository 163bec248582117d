"""Webhooks from the verdict to a real receiver, over real rows; clocks and dice are passed in."""

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from cli.main import main
from images.safe_fetch import FetchPolicy
from images.safe_post import post_bytes
from scans.checks import WantedCheck, create_or_get
from scans.errors import LeaseLost
from scans.keys import KeyHolder
from scans.queue import claim_checks, fail_check, fail_exhausted
from scans.settings import Settings
from scans.tables import Check, Verdict, WebhookDelivery, WebhookEndpoint, WebhookEvent
from scans.webhook_deliveries import DeliveryClaim, claim_delivery, forget_ended
from scans.webhook_secrets import SecretBox
from tests.hostile.certificates import Authority
from tests.integration.callers import make_caller
from tests.integration.conftest import make_key
from tests.pictures import as_jpeg, noise
from tests.receiver import Answer, Receiver
from worker.deliver_webhook import ATTEMPTS_CAP, DELAYS_SECONDS, DeliverTools, deliver_webhook

Sessions = sessionmaker[Session]
HELD_SECONDS = 1.0


@pytest.fixture
def secret(sessions: Sessions) -> str:
    """The key of a program of tenant one's: a reader has no webhooks."""
    return make_key(sessions, "tenant one", role="integration")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def open_policy(receiver: Receiver) -> FetchPolicy:
    return FetchPolicy(
        total_timeout_seconds=30,
        read_timeout_seconds=30,
        allowed_ports=frozenset({receiver.port}),
        allow_private_addresses=True,
    )


def make_tools(sessions: Sessions, settings: Settings, policy: FetchPolicy) -> DeliverTools:
    return DeliverTools(
        sessions=sessions,
        box=SecretBox(settings.secret_key.get_secret_value()),
        post=lambda url, headers, body: post_bytes(url, headers, body, policy),
        now_seconds=lambda: datetime.now(UTC).timestamp(),
        draw=lambda: 0.5,
    )


@pytest.fixture
def tools(sessions: Sessions, settings: Settings, receiver: Receiver) -> DeliverTools:
    """The worker's tools, with loopback open."""
    return make_tools(sessions, settings, open_policy(receiver))


@pytest.fixture
def webhook(client: FlaskClient, receiver: Receiver) -> dict[str, str]:
    """Tenant one's endpoint, with its secret."""
    answer = client.post("/v1/webhooks", json={"url": receiver.url})
    assert answer.status_code == 201
    return answer.json


def claim(sessions: Sessions) -> DeliveryClaim | None:
    with sessions.begin() as session:
        return claim_delivery(session, lease_seconds=60)


def deliver_due(tools: DeliverTools) -> int:
    """Make what is due, as a worker would. Returns how many attempts that were."""
    made = 0
    while (claimed := claim(tools.sessions)) is not None:
        deliver_webhook(claimed, tools)
        made += 1
    return made


def make_due(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.execute(update(WebhookDelivery).values(next_attempt_at=func.now()))


def read_delivery(sessions: Sessions) -> WebhookDelivery:
    with sessions.begin() as session:
        return session.scalars(select(WebhookDelivery)).one()


def wait_seconds_of(sessions: Sessions) -> float:
    with sessions.begin() as session:
        query = select(func.extract("epoch", WebhookDelivery.next_attempt_at - func.now()))
        return float(session.scalars(query).one())


def fail_a_check(sessions: Sessions, tenant_id: UUID) -> UUID:
    subject = f"http://example.org/{uuid4()}"
    with sessions.begin() as session:
        create_or_get(session, WantedCheck(tenant_id, subject=subject, url=subject))
    with sessions.begin() as session:
        (taken,) = claim_checks(session, "fetch", limit=1, lease_seconds=60, attempts_cap=3)
        fail_check(session, taken, "image_gone", "It is gone.")
    return taken.check_id


def test_a_verdict_reaches_the_receiver_and_verifies_by_the_reference(
    client: FlaskClient,
    tasks: ModuleType,
    tools: DeliverTools,
    receiver: Receiver,
    webhook: dict[str, str],
) -> None:
    asked = client.post("/v1/checks", data={"image": (io.BytesIO(as_jpeg(noise(3))), "a")}).json
    tasks.fetch()
    tasks.detect()
    assert deliver_due(tools) == 1
    request = receiver.take()
    event = request.verify(webhook["secret"])
    assert request.headers["Content-Type"] == "application/json"
    assert event["type"] == "check.done"
    check = client.get(f"/v1/checks/{asked['id']}").json
    told = event["data"]
    assert (told["id"], told["status"]) == (check["id"], "done")
    for name in ("label", "score", "raw_score", "real_photo_p", "limits"):
        assert told["verdict"][name] == check["verdict"][name]
    assert told["image"]["sha256"] == check["image"]["sha256"]
    (shown,) = client.get(f"/v1/webhooks/{webhook['id']}/deliveries").json["deliveries"]
    assert (shown["state"], shown["attempts"], shown["last_status"]) == ("delivered", 1, 200)
    assert shown["event_id"] == request.headers["webhook-id"]


def test_what_people_decide_and_undo_is_told(
    app: OpenAPI, client: FlaskClient, sessions: Sessions, tasks: ModuleType,
    tools: DeliverTools, receiver: Receiver,
) -> None:  # fmt: skip
    wanted = {"url": receiver.url, "events": ["check.reviewed"]}
    secret = client.post("/v1/webhooks", json=wanted).json["secret"]
    asked = client.post("/v1/checks", data={"image": (io.BytesIO(as_jpeg(noise(7))), "a")}).json
    tasks.fetch()
    tasks.detect()
    client.post(f"/v1/checks/{asked['id']}/appeal", json={})
    moderator = make_caller(app, sessions, role="moderator")
    review = moderator.post("/v1/reviews/claim").json
    moderator.post(f"/v1/reviews/{review['id']}/decision", json={"says": "real", "reason": "mine"})
    assert deliver_due(tools) == 1
    event = receiver.take().verify(secret)
    shown = client.get(f"/v1/checks/{asked['id']}").json["verdict"]["human"]
    assert (event["type"], event["data"]["id"]) == ("check.reviewed", asked["id"])
    assert event["data"]["verdict"]["human"] == shown
    assert (shown["says"], shown["reason"], shown["review_id"]) == ("real", "mine", review["id"])
    moderator.post(f"/v1/reviews/{review['id']}/undo")
    assert deliver_due(tools) == 1
    assert receiver.take().verify(secret)["data"]["verdict"]["human"] is None


def test_a_failure_is_told_and_only_to_who_listens(
    client: FlaskClient, sessions: Sessions, holder: KeyHolder, tools: DeliverTools,
    receiver: Receiver, webhook: dict[str, str],
) -> None:  # fmt: skip
    done_only = {"url": receiver.url, "events": ["check.done"]}
    client.post("/v1/webhooks", json=done_only)
    check_id = fail_a_check(sessions, holder.tenant_id)
    assert deliver_due(tools) == 1
    event = receiver.take().verify(webhook["secret"])
    assert event["type"] == "check.failed"
    assert event["data"]["id"] == str(check_id)
    assert event["data"]["error"]["code"] == "image_gone"
    assert receiver.received.empty()


def test_a_check_that_killed_its_workers_is_told_of(
    sessions: Sessions, holder: KeyHolder, webhook: dict[str, str]
) -> None:
    with sessions.begin() as session:
        create_or_get(session, WantedCheck(holder.tenant_id, subject="s", url="http://a.example/"))
        session.execute(update(Check).values(attempts=3))
        assert fail_exhausted(session, attempts_cap=3) == 1
    with sessions.begin() as session:
        event = session.scalars(select(WebhookEvent)).one()
    assert event.payload["data"]["error"]["code"] == "gave_up"


def test_each_attempt_carries_the_same_id_and_the_tenth_is_the_last(
    sessions: Sessions, holder: KeyHolder, tools: DeliverTools, receiver: Receiver,
    client: FlaskClient, webhook: dict[str, str],
) -> None:  # fmt: skip
    receiver.script = [Answer(500) for _ in range(ATTEMPTS_CAP)]
    fail_a_check(sessions, holder.tenant_id)
    ids, bodies = set(), set()
    for attempt in range(1, ATTEMPTS_CAP + 1):
        assert deliver_due(tools) == 1
        request = receiver.take()
        request.verify(webhook["secret"])
        ids.add(request.headers["webhook-id"])
        bodies.add(request.body)
        delivery = read_delivery(sessions)
        assert (delivery.attempts, delivery.last_status) == (attempt, 500)
        if attempt < ATTEMPTS_CAP:
            planned = DELAYS_SECONDS[attempt - 1]
            # The rows' clock ran on since the attempt; a wait is never longer than planned.
            assert planned - 60 < wait_seconds_of(sessions) <= planned
            assert delivery.dead_at is None
            make_due(sessions)
    assert (len(ids), len(bodies)) == (1, 1)
    assert (delivery.dead_at is not None, delivery.last_error) == (True, "refused")
    make_due(sessions)
    assert deliver_due(tools) == 0
    dead = client.get(f"/v1/webhooks/{webhook['id']}/deliveries?dead=true").json["deliveries"]
    assert [one["state"] for one in dead] == ["dead"]
    replayed = client.post(f"/v1/webhooks/deliveries/{dead[0]['id']}/replay")
    assert (replayed.status_code, replayed.json["state"]) == (202, "waiting")
    assert client.post(f"/v1/webhooks/deliveries/{dead[0]['id']}/replay").status_code == 409
    assert deliver_due(tools) == 1
    assert receiver.take().headers["webhook-id"] in ids
    assert read_delivery(sessions).delivered_at is not None


@pytest.mark.parametrize("header", ["7200", "date"])
def test_retry_after_is_honoured(
    sessions: Sessions, holder: KeyHolder, tools: DeliverTools, receiver: Receiver,
    webhook: dict[str, str], header: str,
) -> None:  # fmt: skip
    in_two_hours = datetime.now(UTC) + timedelta(hours=2)
    value = f"{in_two_hours:%a, %d %b %Y %H:%M:%S} GMT" if header == "date" else header
    receiver.script = [Answer(429, {"Retry-After": value})]
    fail_a_check(sessions, holder.tenant_id)
    deliver_due(tools)
    assert 7000 < wait_seconds_of(sessions) <= 7200
    assert deliver_due(tools) == 0


def test_410_disables_the_endpoint_until_its_owner_enables_it(
    client: FlaskClient, sessions: Sessions, holder: KeyHolder, tools: DeliverTools,
    receiver: Receiver, webhook: dict[str, str],
) -> None:  # fmt: skip
    address = f"/v1/webhooks/{webhook['id']}"
    receiver.script = [Answer(410)]
    for _ in range(2):
        fail_a_check(sessions, holder.tenant_id)
    assert deliver_due(tools) == 2
    receiver.take()
    assert receiver.received.empty()
    shown = client.get(address).json
    assert (shown["is_enabled"], shown["disabled_reason"]) == (False, "receiver_gone")
    dead = client.get(address + "/deliveries?dead=true").json["deliveries"]
    assert {one["last_error"] for one in dead} == {"endpoint_gone", "endpoint_disabled"}
    assert client.post(address + "/test").json["code"] == "webhook_disabled"
    again = f"/v1/webhooks/deliveries/{dead[0]['id']}/replay"
    assert client.post(again).json["code"] == "webhook_disabled"
    assert client.patch(address, json={"is_enabled": True}).json["disabled_reason"] is None
    assert client.post(again).status_code == 202
    assert deliver_due(tools) == 1
    receiver.take()


def test_a_redirect_is_not_followed(
    sessions: Sessions, holder: KeyHolder, tools: DeliverTools, receiver: Receiver,
    webhook: dict[str, str],
) -> None:  # fmt: skip
    receiver.script = [Answer(302, {"Location": receiver.url + "/elsewhere"})]
    fail_a_check(sessions, holder.tenant_id)
    assert deliver_due(tools) == 1
    receiver.take()
    assert receiver.received.empty()
    delivery = read_delivery(sessions)
    assert (delivery.last_status, delivery.last_error) == (302, "redirected")
    assert delivery.dead_at is None


def test_a_receiver_that_hangs_is_left_and_tried_again(
    sessions: Sessions, holder: KeyHolder, settings: Settings, receiver: Receiver,
    webhook: dict[str, str],
) -> None:  # fmt: skip
    policy = FetchPolicy(
        total_timeout_seconds=HELD_SECONDS,
        allowed_ports=frozenset({receiver.port}),
        allow_private_addresses=True,
    )
    release = threading.Event()
    receiver.script = [Answer(hold=release)]
    fail_a_check(sessions, holder.tenant_id)
    try:
        assert deliver_due(make_tools(sessions, settings, policy)) == 1
    finally:
        release.set()
    delivery = read_delivery(sessions)
    assert (delivery.last_error, delivery.dead_at) == ("timed_out", None)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_a_private_address_is_refused_without_a_connection(
    sessions: Sessions, holder: KeyHolder, settings: Settings, receiver: Receiver,
    webhook: dict[str, str], host: str,
) -> None:  # fmt: skip
    closed = FetchPolicy(allowed_ports=frozenset({receiver.port}))
    with sessions.begin() as session:
        url = f"http://{host}:{receiver.port}/hook"
        session.execute(update(WebhookEndpoint).values(url=url))
    fail_a_check(sessions, holder.tenant_id)
    assert deliver_due(make_tools(sessions, settings, closed)) == 1
    delivery = read_delivery(sessions)
    assert (delivery.dead_at is not None, delivery.last_error) == (True, "url_rejected")
    assert receiver.received.empty()


def test_while_secrets_rotate_either_verifies_and_no_other(
    client: FlaskClient, sessions: Sessions, tools: DeliverTools, receiver: Receiver,
    webhook: dict[str, str],
) -> None:  # fmt: skip
    address = f"/v1/webhooks/{webhook['id']}"
    new = client.post(address + "/rotate").json["secret"]
    client.post(address + "/test")
    assert deliver_due(tools) == 1
    request = receiver.take()
    assert new != webhook["secret"]
    for secret in (webhook["secret"], new):
        assert request.verify(secret)["type"] == "webhook.test"
    forger = Webhook(b"x" * 32)
    with pytest.raises(WebhookVerificationError):
        forger.verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(request.body.replace(b"webhook.test", b"check.done!!"), request.headers)
    with sessions.begin() as session:
        session.execute(update(WebhookEndpoint).values(previous_secret_until=func.now()))
    client.post(address + "/test")
    deliver_due(tools)
    request = receiver.take()
    request.verify(new)
    with pytest.raises(WebhookVerificationError):
        request.verify(webhook["secret"])


def test_the_secret_is_shown_once_and_not_in_the_rows(
    client: FlaskClient, sessions: Sessions, webhook: dict[str, str]
) -> None:
    assert webhook["secret"].startswith("whsec_")
    for answer in (client.get("/v1/webhooks"), client.get(f"/v1/webhooks/{webhook['id']}")):
        assert "secret" not in (answer.json.get("webhooks") or [answer.json])[0]
    with sessions.begin() as session:
        assert webhook["secret"] not in session.scalars(select(WebhookEndpoint)).one().sealed_secret


def test_another_tenant_sees_and_reaches_nothing(
    app: OpenAPI, client: FlaskClient, sessions: Sessions, tools: DeliverTools, receiver: Receiver,
    webhook: dict[str, str],
) -> None:  # fmt: skip
    sent = client.post(f"/v1/webhooks/{webhook['id']}/test").json
    assert deliver_due(tools) == 1
    other = app.test_client()
    other.environ_base["HTTP_AUTHORIZATION"] = (
        f"Bearer {make_key(sessions, 'tenant two', role='integration')}"
    )
    address = f"/v1/webhooks/{webhook['id']}"
    asks: list[Callable[[], object]] = [
        lambda: other.get(address),
        lambda: other.patch(address, json={"is_enabled": False}),
        lambda: other.delete(address),
        lambda: other.post(address + "/rotate"),
        lambda: other.post(address + "/test"),
        lambda: other.get(address + "/deliveries"),
        lambda: other.post(f"/v1/webhooks/deliveries/{sent['id']}/replay"),
    ]
    assert [ask().status_code for ask in asks] == [404] * len(asks)
    assert other.get("/v1/webhooks").json == {"webhooks": []}
    mine = other.post("/v1/webhooks", json={"url": receiver.url}).json
    foreign_cursor = f"/v1/webhooks/{mine['id']}/deliveries?cursor={sent['id']}"
    assert other.get(foreign_cursor).status_code == 404
    assert client.get(address).json["is_enabled"]


def test_pages_hold_each_delivery_once(
    client: FlaskClient, sessions: Sessions, holder: KeyHolder, webhook: dict[str, str]
) -> None:
    made = {client.post(f"/v1/webhooks/{webhook['id']}/test").json["id"] for _ in range(5)}
    found: list[str] = []
    cursor = ""
    while True:
        address = f"/v1/webhooks/{webhook['id']}/deliveries?limit=2{cursor}"
        page = client.get(address).json
        found += [one["id"] for one in page["deliveries"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert (len(found), set(found)) == (5, made)


def test_who_lost_the_lease_writes_nothing_and_the_next_sends_the_same(
    sessions: Sessions, holder: KeyHolder, tools: DeliverTools, receiver: Receiver,
    webhook: dict[str, str],
) -> None:  # fmt: skip
    fail_a_check(sessions, holder.tenant_id)
    frozen = claim(sessions)
    assert frozen is not None
    assert claim(sessions) is None
    with sessions.begin() as session:
        session.execute(update(WebhookDelivery).values(lease_until=func.now()))
    assert deliver_due(tools) == 1
    with pytest.raises(LeaseLost):
        deliver_webhook(frozen, tools)
    first, repeated = receiver.take(), receiver.take()
    assert first.headers["webhook-id"] == repeated.headers["webhook-id"]
    assert read_delivery(sessions).attempts == 2


def test_one_endpoint_does_not_hold_every_worker(
    client: FlaskClient, sessions: Sessions, webhook: dict[str, str], receiver: Receiver
) -> None:
    other = client.post("/v1/webhooks", json={"url": receiver.url}).json
    for _ in range(4):
        client.post(f"/v1/webhooks/{webhook['id']}/test")
    client.post(f"/v1/webhooks/{other['id']}/test")
    claims = [claim(sessions) for _ in range(4)]
    assert [str(one.endpoint_id) if one else None for one in claims] == [
        webhook["id"],
        webhook["id"],
        other["id"],
        None,
    ]


DIES_BEFORE_ITS_COMMIT = """
import os, signal, sys
from uuid import UUID
from scans.database import open_sessions
from scans.queue import claim_checks, fail_check
from scans.settings import load_settings
from scans.tables import WebhookDelivery

with open_sessions(load_settings().database_url).begin() as session:
    (taken,) = claim_checks(session, "fetch", limit=1, lease_seconds=60, attempts_cap=3)
    fail_check(session, taken, "image_gone", "It is gone.")
    assert session.query(WebhookDelivery).count() == 1
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_event_stands_and_falls_with_what_it_tells_of(
    sessions: Sessions, holder: KeyHolder, webhook: dict[str, str]
) -> None:
    with sessions.begin() as session:
        create_or_get(session, WantedCheck(holder.tenant_id, subject="s", url="http://a.example/"))
    killed = subprocess.run(
        [sys.executable, "-c", DIES_BEFORE_ITS_COMMIT], check=False, env=os.environ
    )
    assert killed.returncode == -signal.SIGKILL
    with sessions.begin() as session:
        assert session.scalars(select(Check.status)).one() == "queued"
        assert session.scalars(select(WebhookEvent)).all() == []
        assert session.scalars(select(WebhookDelivery)).all() == []


def test_a_removed_endpoint_takes_its_deliveries_along(
    client: FlaskClient, sessions: Sessions, tools: DeliverTools, webhook: dict[str, str]
) -> None:
    client.post(f"/v1/webhooks/{webhook['id']}/test")
    assert client.delete(f"/v1/webhooks/{webhook['id']}").status_code == 204
    assert deliver_due(tools) == 0
    assert client.get("/v1/webhooks").json == {"webhooks": []}


def test_a_secret_sealed_under_another_key_is_tried_again(
    client: FlaskClient, sessions: Sessions, tools: DeliverTools, receiver: Receiver,
    webhook: dict[str, str],
) -> None:  # fmt: skip
    with sessions.begin() as session:
        foreign = SecretBox("another secret key of the operator").seal("whsec_eHg=")
        session.execute(update(WebhookEndpoint).values(sealed_secret=foreign))
    client.post(f"/v1/webhooks/{webhook['id']}/test")
    assert deliver_due(tools) == 1
    assert read_delivery(sessions).last_error == "secret_unreadable"
    assert receiver.received.empty()
    rotated = client.post(f"/v1/webhooks/{webhook['id']}/rotate").json
    make_due(sessions)
    assert deliver_due(tools) == 1
    receiver.take().verify(rotated["secret"])


def test_the_operator_lists_and_replays_dead_letters(
    client: FlaskClient, sessions: Sessions, holder: KeyHolder, tools: DeliverTools,
    receiver: Receiver, webhook: dict[str, str],
) -> None:  # fmt: skip
    check_id = fail_a_check(sessions, holder.tenant_id)
    with sessions.begin() as session:
        session.execute(update(WebhookDelivery).values(dead_at=func.now(), last_error="timed_out"))
    run = CliRunner()
    checks = run.invoke(main, ["dead-letters", "list", "checks", "--reason", "image_gone"])
    assert checks.output.split("\t")[0] == str(check_id)
    deliveries = run.invoke(main, ["dead-letters", "list", "deliveries"])
    delivery_id, _, reason, _ = deliveries.output.split("\t")
    assert reason == "timed_out"
    again = run.invoke(main, ["dead-letters", "replay", "deliveries", delivery_id])
    assert (again.exit_code, again.output) == (0, "1 of 1 begin again.\n")
    assert deliver_due(tools) == 1
    replay_check = ["dead-letters", "replay", "checks", str(check_id)]
    assert run.invoke(main, replay_check).exit_code == 0
    assert client.get(f"/v1/checks/{check_id}").json["status"] == "queued"
    assert run.invoke(main, replay_check).exit_code == 1


def test_the_figures_tell_what_waits_and_what_died(
    client: FlaskClient, sessions: Sessions, tools: DeliverTools, webhook: dict[str, str]
) -> None:
    for _ in range(3):
        client.post(f"/v1/webhooks/{webhook['id']}/test")
    claimed = claim(sessions)
    assert claimed is not None
    deliver_webhook(claimed, tools)
    figures = client.get("/metrics").text
    assert 'ntf_webhook_deliveries{state="waiting"} 2.0' in figures
    assert 'ntf_webhook_deliveries{state="delivered"} 1.0' in figures
    assert "ntf_oldest_due_webhook_seconds" in figures


def test_the_task_claims_delivers_and_tells_whether_it_found_something(
    client: FlaskClient, tasks: ModuleType, sessions: Sessions, webhook: dict[str, str]
) -> None:
    client.post(f"/v1/webhooks/{webhook['id']}/test")
    assert tasks.deliver()
    # By the shipped settings, loopback is closed.
    assert read_delivery(sessions).last_error == "url_rejected"
    assert not tasks.deliver()


def test_verdicts_are_there_where_no_one_listens(
    sessions: Sessions, holder: KeyHolder, client: FlaskClient
) -> None:
    fail_a_check(sessions, holder.tenant_id)
    with sessions.begin() as session:
        assert session.scalars(select(WebhookEvent)).all() == []
        assert session.scalars(select(Verdict)).all() == []


@pytest.mark.parametrize(
    ("name", "error"), [("127.0.0.1", None), ("other.example", "certificate_rejected")]
)
def test_over_https_the_receiver_must_prove_its_name(
    client: FlaskClient,
    sessions: Sessions,
    settings: Settings,
    tmp_path: Path,
    name: str,
    error: str | None,
) -> None:
    authority = Authority(tmp_path)
    with Receiver(tls=authority.server_context(name)) as secure:
        policy = replace(open_policy(secure), ca_bundle_path=authority.bundle_path)
        webhook = client.post("/v1/webhooks", json={"url": secure.url}).json
        client.post(f"/v1/webhooks/{webhook['id']}/test")
        assert deliver_due(make_tools(sessions, settings, policy)) == 1
        delivery = read_delivery(sessions)
        if error is None:
            assert secure.take().verify(webhook["secret"])["type"] == "webhook.test"
            assert delivery.delivered_at is not None
        else:
            assert secure.received.empty()
            assert (delivery.delivered_at, delivery.last_error) == (None, error)


def test_over_https_an_authority_that_nobody_knows_is_refused(
    client: FlaskClient, sessions: Sessions, settings: Settings, tmp_path: Path
) -> None:
    with Receiver(tls=Authority(tmp_path).server_context("127.0.0.1")) as secure:
        webhook = client.post("/v1/webhooks", json={"url": secure.url}).json
        client.post(f"/v1/webhooks/{webhook['id']}/test")
        assert deliver_due(make_tools(sessions, settings, open_policy(secure))) == 1
        assert secure.received.empty()
    assert read_delivery(sessions).last_error == "certificate_rejected"


def test_what_ended_long_ago_is_forgotten_and_nothing_that_waits(
    client: FlaskClient, sessions: Sessions, tools: DeliverTools, webhook: dict[str, str]
) -> None:
    sent = [client.post(f"/v1/webhooks/{webhook['id']}/test").json["id"] for _ in range(5)]
    old, new = func.now() - timedelta(days=91), func.now() - timedelta(days=89)
    ends = [{"delivered_at": old}, {"dead_at": old}, {"delivered_at": new}, {"dead_at": new}, {}]
    with sessions.begin() as session:
        session.execute(update(WebhookEvent).values(created_at=old))
        for delivery_id, values in zip(sent, ends, strict=True):
            if values:
                row = update(WebhookDelivery).where(WebhookDelivery.id == UUID(delivery_id))
                session.execute(row.values(**values))
    for count in (2, 2, 0):  # one of each kind, one of each kind, none
        with sessions.begin() as session:
            assert forget_ended(session, 90, limit=1) == count
    with sessions.begin() as session:
        left = {str(one) for one in session.scalars(select(WebhookDelivery.id))}
        events = session.scalar(select(func.count()).select_from(WebhookEvent))
    assert (left, events) == (set(sent[2:]), 3)


def test_the_worker_forgets_by_the_setting(
    client: FlaskClient, sessions: Sessions, tasks: ModuleType, webhook: dict[str, str]
) -> None:
    client.post(f"/v1/webhooks/{webhook['id']}/test")
    assert not tasks.forget_old_events()
    with sessions.begin() as session:
        old = func.now() - timedelta(days=tasks.settings.keep_webhook_events_days + 1)
        session.execute(update(WebhookEvent).values(created_at=old))
        session.execute(update(WebhookDelivery).values(delivered_at=old))
    assert tasks.forget_old_events()
    assert not tasks.forget_old_events()
