"""Ozone: blobs that its moderators divert come in, tags go out; a stub of the lexicons' JSON."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
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
from tests.integration.json_stub import Answer, Fault, JsonStub, Request
from tests.integration.service_kit import Service, greenish, reddish
from tests.pictures import as_png

pytestmark = pytest.mark.integrations
LABELER, OUR_DID, THEIR_DID = "did:plc:labeler", "did:plc:ours", "did:plc:theirs"
URI = f"at://{THEIR_DID}/app.bsky.feed.post/3k"
RECORD_CID = "bafyreirecord"
EMIT = "/xrpc/tools.ozone.moderation.emitEvent"
LOGIN = "/xrpc/com.atproto.server.createSession"


@dataclass
class OzoneServer:
    """A PDS with an Ozone service behind it; events with an `externalId` count once a subject."""

    events: list[dict[str, Any]] = field(default_factory=list)
    token: str = "token 1"

    def answer(self, request: Request) -> Answer:
        if request.path == LOGIN:
            if request.json != {"identifier": "ntf.example", "password": "app password"}:
                return 401, {"error": "AuthenticationRequired", "message": "Invalid password"}
            return 200, {"did": OUR_DID, "accessJwt": self.token, "refreshJwt": "r", "handle": "h"}
        if request.headers["Authorization"] != f"Bearer {self.token}":
            return 400, {"error": "ExpiredToken", "message": "Token has expired"}
        if request.headers["atproto-proxy"] != f"{LABELER}#atproto_labeler":
            return 501, {"error": "MethodNotImplemented"}
        if request.path == "/xrpc/tools.ozone.moderation.getRecord":
            return 200, {"uri": request.query["uri"], "cid": RECORD_CID, "value": {}}
        return self.emit(request.json)

    def emit(self, wanted: dict[str, Any]) -> Answer:
        if "repoRef" in wanted["subject"]["$type"] and wanted["subjectBlobCids"]:
            return 400, {
                "error": "InvalidRequest",
                "message": "Blobs do not apply to repo subjects",
            }
        for known in self.events:
            if (
                known["externalId"] == wanted["externalId"]
                and known["subject"] == wanted["subject"]
            ):
                return 400, {"error": "DuplicateExternalId", "message": "It exists already."}
        self.events.append(wanted)
        return 200, {"id": len(self.events), **wanted}


@dataclass
class Place:
    """An Ozone service that is connected to ours."""

    server: OzoneServer
    stub: JsonStub
    service: Service
    connection: dict[str, Any]

    def divert(self, content: bytes, *, uri: str | None = URI, **changes: str) -> requests.Response:
        """What the blob diverter of `@atproto/ozone` sends."""
        query = {"did": changes.get("did", THEIR_DID)} | ({"uri": uri} if uri else {})
        return requests.post(
            f"{self.service.url}/xrpc/com.atproto.unspecced.reportBlob",
            params=query,
            data=content,
            headers={"Content-Type": "image/png"},
            auth=("admin", changes.get("secret", self.connection["secret"])),
            timeout=30,
        )


@pytest.fixture
def secret(sessions: sessionmaker[Session]) -> str:
    return make_key(sessions, "tenant one", role="integration")


def connect(client: FlaskClient, address: str, **options: Any) -> dict[str, Any]:
    wanted = {
        "kind": "ozone",
        "address": address,
        "identifier": "ntf.example",
        "app_password": "app password",
        "labeler_did": LABELER,
    }
    answer = client.post("/v1/connections", json=wanted | options)
    assert answer.status_code == 201, answer.json
    body: dict[str, Any] = answer.json
    return body


@pytest.fixture
def place(client: FlaskClient, service: Service) -> Iterator[Place]:
    service.is_working.clear()  # the tests say when
    server = OzoneServer()
    with JsonStub(server.answer) as stub:
        service.open_port(stub.port)
        yield Place(server, stub, service, connect(client, stub.url))


def read_errand(service: Service) -> Errand:
    with service.sessions.begin() as session:
        return session.scalars(select(Errand)).one()


def test_a_diverted_blob_gets_a_tag_on_its_record(place: Place) -> None:
    content = as_png(reddish())
    assert place.divert(content).status_code == 200
    place.service.settle()
    (event,) = place.server.events
    assert event["event"]["$type"] == "tools.ozone.moderation.defs#modEventTag"
    assert event["event"]["add"] == ["ntf-likely-ai"]
    assert "a person decides" in event["event"]["comment"]
    assert event["subject"] == {
        "$type": "com.atproto.repo.strongRef",
        "uri": URI,
        "cid": RECORD_CID,
    }
    assert event["createdBy"] == OUR_DID
    (cid,) = event["subjectBlobCids"]
    padded = cid[1:].upper() + "=" * (-len(cid[1:]) % 8)
    assert base64.b32decode(padded) == b"\x01\x55\x12\x20" + hashlib.sha256(content).digest()
    assert count_rows(place.service.sessions, Review) == 1


def test_a_blob_of_an_account_is_tagged_there(place: Place) -> None:
    assert place.divert(as_png(reddish()), uri=None).status_code == 200
    place.service.settle()
    (event,) = place.server.events
    assert event["subject"] == {"$type": "com.atproto.admin.defs#repoRef", "did": THEIR_DID}
    assert event["subjectBlobCids"] == []


def test_nothing_is_said_where_nothing_is_likely(place: Place) -> None:
    assert place.divert(as_png(greenish())).status_code == 200
    place.service.settle()
    assert place.server.events == []
    assert place.stub.came == []


def test_a_blob_that_is_diverted_again_counts_once(place: Place) -> None:
    for _ in range(3):
        assert place.divert(as_png(reddish())).status_code == 200
        place.service.settle()
    assert len(place.server.events) == 1
    assert count_rows(place.service.sessions, Check) == 1


def test_an_event_whose_answer_was_lost_counts_once(place: Place) -> None:
    place.stub.faults["POST", EMIT] = [Fault(is_cut_off=True)]
    place.divert(as_png(reddish()))
    place.service.settle()
    assert read_errand(place.service).done_at is None
    place.service.make_errands_due()
    place.service.settle()
    assert read_errand(place.service).done_at is not None
    assert place.stub.count("POST", EMIT) == 2
    assert len(place.server.events) == 1


def test_an_ozone_that_fails_is_told_later(place: Place) -> None:
    place.stub.faults["POST", EMIT] = [Fault(500)]
    place.divert(as_png(reddish()))
    place.service.settle()
    assert read_errand(place.service).last_status == 500
    place.service.make_errands_due()
    place.service.settle()
    assert len(place.server.events) == 1


def test_a_wrong_password_is_tried_again_when_it_may_have_been_put_right(place: Place) -> None:
    place.stub.faults["POST", LOGIN] = [Fault(401)]
    place.divert(as_png(reddish()))
    place.service.settle()
    errand = read_errand(place.service)
    assert (errand.last_status, errand.dead_at) == (401, None)


def test_a_session_that_is_over_is_opened_again(place: Place) -> None:
    tools = place.service.errand_tools()
    place.service.errand_tools = lambda: tools  # type: ignore[method-assign]  # one process
    place.divert(as_png(reddish(1)))
    place.service.settle()
    place.divert(as_png(reddish(2)))
    place.service.settle()
    assert place.stub.count("POST", LOGIN) == 1
    place.server.token = "token 2"
    place.divert(as_png(reddish(3)))
    place.service.settle()
    assert place.stub.count("POST", LOGIN) == 2
    assert len(place.server.events) == 3


def test_what_could_not_be_checked_is_tagged_only_where_closed(
    client: FlaskClient, place: Place
) -> None:
    place.divert(b"no picture")
    closed = connect(client, place.stub.url, when_away="closed")
    place.divert(b"no picture", secret=closed["secret"])
    place.service.settle()
    (event,) = place.server.events
    assert event["event"]["add"] == ["ntf-not-checked"]


def test_wrong_secrets_are_refused(
    app: OpenAPI, place: Place, sessions: sessionmaker[Session], secret: str
) -> None:
    for given in ("wrong", secret):
        assert place.divert(as_png(reddish()), secret=given).status_code == 401
    bare = requests.post(
        f"{place.service.url}/xrpc/com.atproto.unspecced.reportBlob", data=b"x", timeout=30
    )
    assert bare.status_code == 401
    assert count_rows(place.service.sessions, Check) == 0


def test_another_tenants_secret_leads_to_that_tenants_rows(
    app: OpenAPI, place: Place, sessions: sessionmaker[Session], client: FlaskClient
) -> None:
    """The address names no connection: the secret alone says whose blob it is."""
    theirs = app.test_client()
    key = make_key(sessions, "tenant two", role="integration")
    theirs.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    other = connect(theirs, place.stub.url)
    check_id = place.divert(as_png(reddish()), secret=other["secret"]).json()["check_id"]
    assert theirs.get(f"/v1/checks/{check_id}").status_code == 200
    assert client.get(f"/v1/checks/{check_id}").status_code == 404


@pytest.mark.parametrize("did", ["", "theirs", "did:plc:" + "a" * 2048])
def test_a_blob_of_nobody_is_refused(place: Place, did: str) -> None:
    assert place.divert(as_png(reddish()), did=did).status_code == 400
    assert place.divert(b"").status_code == 400


def test_our_500_and_our_silence_make_ozone_try_again(place: Place) -> None:
    place.service.front.status = "500 Down"
    assert place.divert(as_png(reddish())).status_code == 500  # `retryHttp` tries again
    place.service.front.status = None
    place.service.front.hold = threading.Event()
    threading.Timer(1, place.service.front.hold.set).start()
    assert place.divert(as_png(reddish())).status_code == 200
    place.service.settle()
    assert len(place.server.events) == 1
