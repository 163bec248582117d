"""ROOST Coop over real rows: signed callbacks taken in, verdicts handed to a stub of its API."""

import base64
import io
import json
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from scans.checks import find_check
from scans.coop_items import CoopItemName, remember_item
from scans.coop_tables import CoopAction, CoopItem
from scans.keys import KeyHolder
from scans.review_tables import Feedback
from scans.settings import Settings
from scans.tables import Check, Verdict
from scans.webhook_events import announce_verdict, listeners
from tests.integration.callers import make_caller
from tests.integration.test_webhooks import deliver_due, make_due, make_tools, open_policy
from tests.pictures import as_jpeg, noise
from tests.receiver import Answer, Receiver
from worker.deliver_webhook import DeliverTools

Sessions = sessionmaker[Session]


class Coop:
    """Signs and sends as Coop does (its `networkingService` and `signingKeyPairService`)."""

    def __init__(self) -> None:
        self.key: RSAPrivateKey = generate_private_key(65537, 2048)

    @property
    def public_pem(self) -> str:
        public = self.key.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, body: bytes) -> str:
        return base64.b64encode(self.key.sign(body, PKCS1v15(), SHA256())).decode()

    def call(
        self, caller: FlaskClient, body: bytes, signature: str | None = None
    ) -> tuple[int, Any]:
        headers = {"Coop-Signature": self.sign(body) if signature is None else signature}
        answer = caller.post(
            "/v1/integrations/coop/actions",
            data=body,
            content_type="application/json",
            headers={name: value for name, value in headers.items() if value},
        )
        return answer.status_code, answer.json


def action(item_id: str, says: str = "ai", **more: Any) -> bytes:
    """A callback as Coop documents it (docs/api/actions.md there)."""
    body = {
        "item": {"id": item_id, "typeId": "t1", "typeName": "Post"},
        "policies": [{"id": "p", "name": "Synthetic media", "penalty": "NONE"}],
        "rules": [],
        "action": {"id": "a1"},
        "custom": {"ntf_says": says},
        "actorEmail": "moderator@coop.example",
        "decisionReason": "hands",
        "userStrikeCount": 0,
    }
    return json.dumps(body | more).encode()


@pytest.fixture(scope="module")
def coop() -> Coop:
    return Coop()


@pytest.fixture
def moderator(app: OpenAPI, sessions: Sessions, client: FlaskClient) -> FlaskClient:
    del client  # its tenant is there first
    return make_caller(app, sessions, role="moderator")


@pytest.fixture
def operator(app: OpenAPI, sessions: Sessions, client: FlaskClient, coop: Coop) -> FlaskClient:
    """Tenant one's own, who has told which key its Coop signs with."""
    del client
    operator = make_caller(app, sessions, role="integration")
    connected = operator.put("/v1/integrations/coop", json={"public_key_pem": coop.public_pem})
    assert connected.status_code == 204
    return operator


@pytest.fixture
def judge(client: FlaskClient, tasks: ModuleType) -> Callable[[int], str]:
    """Sends a picture and has it judged; returns the check's id."""

    def run(seed: int) -> str:
        upload = {"image": (io.BytesIO(as_jpeg(noise(seed))), "a")}
        asked: dict[str, str] = client.post("/v1/checks", data=upload).json
        tasks.fetch()
        tasks.detect()
        return asked["id"]

    return run


def name_item(sessions: Sessions, tenant_id: UUID, check_id: str, item: CoopItemName) -> None:
    with sessions.begin() as session:
        check = find_check(session, tenant_id, UUID(check_id))
        assert check is not None
        remember_item(session, check, item)


def read_feedback(sessions: Sessions) -> list[Feedback]:
    with sessions.begin() as session:
        return list(session.scalars(select(Feedback)))


def test_a_decision_becomes_a_label_on_the_items_check(
    operator: FlaskClient, moderator: FlaskClient, judge: Callable[[int], str], coop: Coop,
    sessions: Sessions, holder: KeyHolder,
) -> None:  # fmt: skip
    del operator
    check_id = judge(1)
    name_item(sessions, holder.tenant_id, check_id, CoopItemName("item-1", "Post"))
    status, taken = coop.call(moderator, action("item-1"))
    assert (status, taken) == (200, {"check_id": check_id, "says": "ai", "is_new": True})
    (row,) = read_feedback(sessions)
    assert (str(row.check_id), row.says, row.role) == (check_id, "ai", "moderator")
    assert row.note == "Decided in ROOST Coop by moderator@coop.example. hands"


def test_the_same_callback_again_counts_once(
    operator: FlaskClient, moderator: FlaskClient, judge: Callable[[int], str], coop: Coop,
    sessions: Sessions,
) -> None:  # fmt: skip
    del operator
    check_id = judge(1)  # an item that we sent bears the check's id
    assert coop.call(moderator, action(check_id))[1]["is_new"] is True
    assert coop.call(moderator, action(check_id))[1]["is_new"] is False
    assert len(read_feedback(sessions)) == 1
    assert coop.call(moderator, action(check_id, "real"))[1]["is_new"] is True
    assert [row.says for row in read_feedback(sessions)] == ["ai", "real"]


def test_another_key_of_the_tenant_makes_a_hint(
    operator: FlaskClient, client: FlaskClient, judge: Callable[[int], str], coop: Coop,
    sessions: Sessions,
) -> None:  # fmt: skip
    check_id = judge(1)
    for caller in (client, operator):
        assert coop.call(caller, action(check_id, actorEmail=str(id(caller))))[0] == 200
    assert {row.role for row in read_feedback(sessions)} == {"reader", "integration"}


def test_what_is_not_signed_by_the_tenants_coop_is_refused(
    app: OpenAPI, operator: FlaskClient, moderator: FlaskClient, judge: Callable[[int], str],
    coop: Coop, sessions: Sessions,
) -> None:  # fmt: skip
    del operator
    body = action(judge(1))
    others = Coop()
    for signature in ("", "no base64!", others.sign(body), coop.sign(body + b" ")):
        assert coop.call(moderator, body, signature)[1]["code"] == "coop_signature_wrong"
    stranger = make_caller(app, sessions, role="integration", tenant="tenant two")
    assert coop.call(stranger, body)[1]["code"] == "coop_not_connected"
    stranger.put("/v1/integrations/coop", json={"public_key_pem": others.public_pem})
    assert coop.call(stranger, body)[1]["code"] == "coop_signature_wrong"
    assert others.call(stranger, body)[1]["code"] == "coop_item_unknown"
    assert coop.call(app.test_client(), body)[0] == 401
    assert read_feedback(sessions) == []
    with sessions.begin() as session:
        assert session.scalars(select(CoopAction)).all() == []


def test_an_item_that_is_unknown_ambiguous_or_open_is_refused_and_counts_later(
    operator: FlaskClient, moderator: FlaskClient, judge: Callable[[int], str], coop: Coop,
    sessions: Sessions, holder: KeyHolder,
) -> None:  # fmt: skip
    assert coop.call(moderator, action("nobody's"))[1]["code"] == "coop_item_unknown"
    for seed in (1, 2):
        name_item(sessions, holder.tenant_id, judge(seed), CoopItemName("item-2", "Album"))
    assert coop.call(moderator, action("item-2"))[1]["code"] == "coop_item_unknown"  # a Post
    album = {"item": {"id": "item-2", "typeId": "t2", "typeName": "Album"}}
    assert coop.call(moderator, action("item-2", **album))[1]["code"] == "coop_item_ambiguous"
    asked = {"url": "https://images.example/a.jpg", "item_id": "item-3", "item_type": "Post"}
    assert operator.post("/v1/integrations/coop/checks", json=asked).status_code == 202
    assert coop.call(moderator, action("item-3"))[1]["code"] == "check_not_judged"
    assert coop.call(moderator, action("item-3", "perhaps"))[0] == 422
    with sessions.begin() as session:
        assert session.scalars(select(CoopAction)).all() == []


def test_the_plug_ins_request_joins_the_open_check_and_names_the_item_once(
    operator: FlaskClient, client: FlaskClient, sessions: Sessions
) -> None:
    asked = {"url": "https://images.example/a.jpg", "item_id": "item-1", "item_type": "Post"}
    first = operator.post("/v1/integrations/coop/checks", json=asked)
    again = operator.post("/v1/integrations/coop/checks", json=asked)
    assert (first.status_code, first.json["id"]) == (202, again.json["id"])
    assert client.post("/v1/checks", json={"url": asked["url"]}).json["id"] == first.json["id"]
    with sessions.begin() as session:
        (item,) = session.scalars(select(CoopItem))
        assert (item.item_id, str(item.check_id)) == ("item-1", first.json["id"])
    assert client.post("/v1/integrations/coop/checks", json=asked).status_code == 403


def test_an_erased_image_leaves_its_item_to_the_next(
    app: OpenAPI, operator: FlaskClient, moderator: FlaskClient, judge: Callable[[int], str],
    coop: Coop, sessions: Sessions, holder: KeyHolder, client: FlaskClient,
) -> None:  # fmt: skip
    del operator
    first = judge(1)
    name_item(sessions, holder.tenant_id, first, CoopItemName("item-1", "Post"))
    admin = make_caller(app, sessions, role="admin")
    sha256 = client.get(f"/v1/checks/{first}").json["image"]["sha256"]
    assert admin.delete(f"/v1/images/{sha256}").status_code == 200
    second = judge(2)
    name_item(sessions, holder.tenant_id, second, CoopItemName("item-1", "Post"))
    assert coop.call(moderator, action("item-1"))[1]["check_id"] == second


@pytest.mark.parametrize(
    "pem", ["no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"]
)
def test_a_key_that_coop_cannot_have_is_refused(operator: FlaskClient, pem: str) -> None:
    answer = operator.put("/v1/integrations/coop", json={"public_key_pem": pem})
    assert (answer.status_code, answer.json["code"]) == (422, "coop_key_invalid")


@pytest.fixture
def stub() -> Iterator[Receiver]:
    """Coop's API, as far as a status goes."""
    with Receiver() as running:
        yield running


@pytest.fixture
def tools(sessions: Sessions, settings: Settings, stub: Receiver) -> DeliverTools:
    return make_tools(sessions, settings, open_policy(stub))


def hand_over(operator: FlaskClient, stub: Receiver, send: str, **more: Any) -> dict[str, Any]:
    address = stub.url.removesuffix("/hook")
    wanted = {"url": address, "api_key": "coop's key", "send": send, "item_type_id": "ntf-checks"}
    answer = operator.post("/v1/integrations/coop/targets", json=wanted | more)
    assert answer.status_code == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


ALL_LABELS = ["likely_ai", "uncertain", "no_evidence", "not_assessable"]


def test_a_verdict_is_handed_over_as_an_item_under_the_checks_id(
    operator: FlaskClient, stub: Receiver, tools: DeliverTools, judge: Callable[[int], str],
    client: FlaskClient,
) -> None:  # fmt: skip
    made = hand_over(operator, stub, "items", labels=ALL_LABELS)
    assert (made["shape"], made["events"]) == ("coop_items", ["check.done"])
    check_id = judge(1)
    assert deliver_due(tools) == 1
    request = stub.take()
    assert request.path == "/api/v1/items/async/"
    assert request.headers["X-API-KEY"] == "coop's key"
    (item,) = json.loads(request.body)["items"]
    verdict = client.get(f"/v1/checks/{check_id}").json["verdict"]
    assert (item["id"], item["typeId"]) == (check_id, "ntf-checks")
    assert (item["data"]["label"], item["data"].get("score")) == (
        verdict["label"],
        verdict["score"],
    )
    assert "coop's key" not in operator.get("/v1/webhooks").get_data(as_text=True)


def test_a_report_names_its_reporter_and_reason(
    operator: FlaskClient, stub: Receiver, tools: DeliverTools, judge: Callable[[int], str]
) -> None:
    hand_over(operator, stub, "reports", labels=ALL_LABELS, reporter_type_id="users")
    check_id = judge(1)
    assert deliver_due(tools) == 1
    request = stub.take()
    report = json.loads(request.body)
    assert request.path == "/api/v1/report"
    assert report["reporter"] == {
        "kind": "user",
        "id": "natural-trace-forensics",
        "typeId": "users",
    }
    assert report["reportedItem"]["id"] == check_id
    assert report["reportedForReason"]["reason"] == report["reportedItem"]["data"]["evidence"]
    assert report["reportedAt"].endswith("Z")


def test_only_the_labels_that_are_wanted_are_handed_over(
    operator: FlaskClient, stub: Receiver, tools: DeliverTools, judge: Callable[[int], str],
    sessions: Sessions,
) -> None:  # fmt: skip
    check_id = judge(1)
    with sessions.begin() as session:
        said = session.scalars(
            select(Verdict.label).where(Verdict.check_id == UUID(check_id))
        ).one()
    others = [label for label in ALL_LABELS if label != said]
    hand_over(operator, stub, "items", labels=others)
    signed = operator.post("/v1/webhooks", json={"url": stub.url, "labels": [said]}).json
    with sessions.begin() as session:  # the same verdict is told once more, as of another check
        listening = select(listeners(Check.tenant_id, "check.done", said))
        ids = session.scalars(listening.where(Check.id == UUID(check_id))).one()
        announce_verdict(session, UUID(check_id), ids)
    assert deliver_due(tools) == 1
    assert stub.take().verify(signed["secret"])["type"] == "check.done"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(500), "refused"),
        (Answer(400), "refused"),
        (Answer(307, {"Location": "/"}), "redirected"),
    ],
)
def test_coop_failing_loses_nothing_and_sends_the_same_item_again(
    operator: FlaskClient, stub: Receiver, tools: DeliverTools, judge: Callable[[int], str],
    sessions: Sessions, answer: Answer, error: str,
) -> None:  # fmt: skip
    made = hand_over(operator, stub, "items", labels=ALL_LABELS)
    stub.script.append(answer)
    judge(1)
    assert deliver_due(tools) == 1
    (waiting,) = operator.get(f"/v1/webhooks/{made['id']}/deliveries").json["deliveries"]
    assert (waiting["state"], waiting["last_error"]) == ("waiting", error)
    make_due(sessions)
    assert deliver_due(tools) == 1
    assert stub.take().body == stub.take().body
    (ended,) = operator.get(f"/v1/webhooks/{made['id']}/deliveries").json["deliveries"]
    assert (ended["state"], ended["attempts"]) == ("delivered", 2)


def test_coop_away_keeps_the_item_waiting(
    operator: FlaskClient, tools: DeliverTools, judge: Callable[[int], str], sessions: Sessions
) -> None:
    with Receiver() as gone:
        policy_port = gone.port
        made = hand_over(operator, gone, "items", labels=ALL_LABELS)
    judge(1)
    tools = make_tools(sessions, operator.application.extensions["ntf"].settings, open_policy(gone))
    assert gone.port == policy_port
    assert deliver_due(tools) == 1
    (waiting,) = operator.get(f"/v1/webhooks/{made['id']}/deliveries").json["deliveries"]
    assert (waiting["state"], waiting["last_error"]) == ("waiting", "connection_failed")


def test_what_standard_webhooks_have_is_refused_for_coop(
    operator: FlaskClient, stub: Receiver
) -> None:
    made = hand_over(operator, stub, "items")
    address = f"/v1/webhooks/{made['id']}"
    for refused in (
        operator.post(f"{address}/rotate"),
        operator.post(f"{address}/test"),
        operator.patch(address, json={"events": ["check.failed"]}),
    ):
        assert (refused.status_code, refused.json["code"]) == (409, "webhook_not_standard")
    assert operator.patch(address, json={"labels": ["uncertain"]}).json["labels"] == ["uncertain"]
    wanted = {"url": stub.url, "api_key": "k", "send": "reports", "item_type_id": "t"}
    assert operator.post("/v1/integrations/coop/targets", json=wanted).status_code == 422
