"""Ozone's own backend from npm: what it makes of our events, and of one that comes twice."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests

from cli.embedded import embedded_postgresql
from images.fetch_policy import FetchPolicy
from images.safe_call import CallAnswer, call_service
from integrations.finding import Finding
from integrations.ozone import DUPLICATE, Subject, write_tag_event
from scans.errands import ErrandClaim
from scans.integration_tables import Connection
from worker.service_call import ServiceRefused
from worker.tell_ozone import OzoneSessions, tell_ozone

pytestmark = pytest.mark.integrations

BACKEND = Path(__file__).parent / "ozone_backend"
EMIT, QUERY = "tools.ozone.moderation.emitEvent", "tools.ozone.moderation.queryEvents"
ACCOUNT = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
RECORD = "at://did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/app.bsky.feed.post/3kaaaaaaaaaaa"
BLOB_CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
SECONDS = 30


@dataclass
class Ozone:
    """The backend behind what stands for the moderator's PDS."""

    pds: str
    labelerDid: str  # noqa: N815
    moderatorDid: str  # noqa: N815
    password: str

    def open_session(self, password: str) -> requests.Response:
        account = {"identifier": "moderator.test", "password": password}
        address = f"{self.pds}/xrpc/com.atproto.server.createSession"
        return requests.post(address, json=account, timeout=SECONDS)

    def call(self, method: str, name: str, **content: Any) -> requests.Response:
        token = self.open_session(self.password).json()["accessJwt"]
        headers = {
            "Authorization": f"Bearer {token}",
            "atproto-proxy": f"{self.labelerDid}#atproto_labeler",
        }
        address = f"{self.pds}/xrpc/{name}"
        return requests.request(method, address, headers=headers, timeout=SECONDS, **content)

    def tell(self, subject: str, errand_id: UUID, password: str | None = None) -> None:
        """By our own worker's code, as of a likely AI-made picture of this record or account."""
        is_record = subject.startswith("at://")
        claim = ErrandClaim(
            errand_id=errand_id,
            lease_token=uuid4(),
            attempt=1,
            tenant_id=uuid4(),
            kind="ozone",
            external_id="blob:1",
            details={
                "did": subject.removeprefix("at://").split("/")[0],
                "uri": subject if is_record else None,
                "blob_cid": BLOB_CID,
            },
            connection=Connection(
                id=uuid4(),
                tenant_id=uuid4(),
                kind="ozone",
                address=self.pds,
                options={"identifier": "moderator.test", "labeler_did": self.labelerDid},
            ),
        )
        finding = Finding("blob", str(uuid4()), "likely_ai", 0.98, is_flagged=True)
        port = int(self.pds.rpartition(":")[2])
        policy = FetchPolicy(allowed_ports=frozenset({port}), allow_private_addresses=True)

        def call(
            method: str, url: str, headers: Mapping[str, str], body: bytes | None
        ) -> CallAnswer:
            return call_service(method, url, headers, body, policy=policy)

        tell_ozone(claim, [finding], password or self.password, OzoneSessions(), call)

    def events_on(self, subject: str) -> list[dict[str, Any]]:
        found = self.call("GET", QUERY, params={"subject": subject, "limit": "50"})
        events: list[dict[str, Any]] = found.json()["events"]
        return [
            one
            for one in events
            if one["event"]["$type"].endswith("#modEventTag")
            and one["createdBy"] == self.moderatorDid
        ]


@pytest.fixture(scope="module")
def ozone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ozone]:
    assert (BACKEND / "node_modules").exists(), "run `make test-integrations`"
    root = tmp_path_factory.mktemp("ozone")
    with embedded_postgresql(root / "postgresql") as database_url, (root / "log").open("wb") as log:
        backend = subprocess.Popen(
            ["node", "--no-warnings", "start.mjs"],
            cwd=BACKEND,
            env={
                "PATH": os.environ["PATH"],
                "DATABASE_URL": database_url,
                "LOG_ENABLED": "false",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert backend.stdin is not None
        assert backend.stdout is not None
        ready = backend.stdout.readline()
        assert ready, (root / "log").read_text(errors="replace")
        yield Ozone(**json.loads(ready))
        backend.stdin.close()
        assert backend.wait(SECONDS) == 0
        backend.stdout.close()


def test_a_tag_on_an_account_is_counted_once_however_often_it_is_told(ozone: Ozone) -> None:
    errand_id = uuid4()
    for _ in range(3):  # as after answers that were lost
        ozone.tell(ACCOUNT, errand_id)
    (event,) = ozone.events_on(ACCOUNT)
    assert event["event"]["add"] == ["ntf-likely-ai"]
    assert event["createdBy"] == ozone.moderatorDid
    ozone.tell(ACCOUNT, uuid4())
    assert len(ozone.events_on(ACCOUNT)) == 2


def test_a_tag_on_a_record_names_it_as_it_stands_and_its_blob(ozone: Ozone) -> None:
    errand_id = uuid4()
    ozone.tell(RECORD, errand_id)
    ozone.tell(RECORD, errand_id)
    (event,) = ozone.events_on(RECORD)
    assert event["subject"]["uri"] == RECORD
    assert event["subjectBlobCids"] == [BLOB_CID]


def test_ozone_itself_names_a_repetition(ozone: Ozone) -> None:
    event = write_tag_event(
        "ntf-likely-ai",
        Subject(ACCOUNT),
        [],
        [],
        created_by=ozone.moderatorDid,
        external_id="ntf-twice",
    )
    assert ozone.call("POST", EMIT, json=event).status_code == 200
    again = ozone.call("POST", EMIT, json=event)
    assert (again.status_code, again.json()["error"]) == (400, DUPLICATE)


def test_a_wrong_password_is_refused_and_may_be_put_right(ozone: Ozone) -> None:
    before = len(ozone.events_on(ACCOUNT))
    with pytest.raises(ServiceRefused) as raised:
        ozone.tell(ACCOUNT, uuid4(), password="wrong")
    assert (raised.value.status, raised.value.retryable) == (401, True)
    assert len(ozone.events_on(ACCOUNT)) == before
