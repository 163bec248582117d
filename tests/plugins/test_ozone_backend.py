"""Ozone's own backend from npm: what it makes of our events, and of one that comes twice."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from cli.embedded import embedded_postgresql
from images.fetch_policy import FetchPolicy
from images.safe_call import CallAnswer, call_service
from integrations.finding import Finding
from integrations.ozone import cid_of_blob
from scans.errands import ErrandClaim
from scans.integration_tables import Connection
from worker.tell_ozone import OzoneSessions, tell_ozone

pytestmark = pytest.mark.integrations

BACKEND = Path(__file__).parent / "ozone_backend"
EMIT, QUERY = "tools.ozone.moderation.emitEvent", "tools.ozone.moderation.queryEvents"
SUBJECT = {"$type": "com.atproto.admin.defs#repoRef", "did": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"}
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

    def tag(self, external_id: str, subject: dict[str, str] | None = None) -> requests.Response:
        """As `integrations/ozone.py` writes it."""
        event = {
            "event": {
                "$type": "tools.ozone.moderation.defs#modEventTag",
                "add": ["ntf-likely-ai"],
                "remove": [],
                "comment": "Likely AI-made.",
            },
            "subject": SUBJECT if subject is None else subject,
            "subjectBlobCids": [],
            "createdBy": self.moderatorDid,
            "externalId": external_id,
            "modTool": {"name": "ntf"},
        }
        return self.call("POST", EMIT, json=event)

    def events_on(self, did: str) -> list[dict[str, Any]]:
        found = self.call("GET", QUERY, params={"subject": did, "limit": "50"})
        events: list[dict[str, Any]] = found.json()["events"]
        return [one for one in events if one["event"].get("comment") == "Likely AI-made."]


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


def test_a_tag_is_taken_and_counted_once_however_often_it_comes(ozone: Ozone) -> None:
    first = ozone.tag("ntf-1")
    assert first.status_code == 200, first.text
    again = ozone.tag("ntf-1")
    assert (again.status_code, again.json()["error"]) == (400, "DuplicateExternalId")
    assert ozone.tag("ntf-2").status_code == 200
    assert len(ozone.events_on(SUBJECT["did"])) == 2


def test_the_same_name_on_another_subject_is_another_event(ozone: Ozone) -> None:
    record = {
        "$type": "com.atproto.repo.strongRef",
        "uri": "at://did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/app.bsky.feed.post/3kaaaaaaaaaaa",
        "cid": "bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy",
    }
    assert ozone.tag("ntf-1", record).status_code == 200
    assert ozone.tag("ntf-1", record).json()["error"] == "DuplicateExternalId"
    assert len(ozone.events_on(record["uri"])) == 1


def test_a_wrong_password_token_or_labeler_is_refused(ozone: Ozone) -> None:
    """The last two by the stand-in for the PDS; what Ozone itself refuses is a token not for it."""
    assert ozone.open_session("wrong").status_code == 401
    address = f"{ozone.pds}/xrpc/{EMIT}"
    assert requests.post(address, json={}, timeout=SECONDS).status_code == 401


def test_our_own_errand_tags_an_account_once_however_often_it_is_run(ozone: Ozone) -> None:
    did = "did:plc:cccccccccccccccccccccccc"
    options = {"identifier": "moderator.test", "labeler_did": ozone.labelerDid}
    claim = ErrandClaim(
        errand_id=uuid4(),
        lease_token=uuid4(),
        attempt=1,
        tenant_id=uuid4(),
        kind="ozone",
        external_id="blob:1",
        details={"did": did, "uri": None, "blob_cid": cid_of_blob(b"a picture")},
        connection=Connection(id=uuid4(), kind="ozone", address=ozone.pds, options=options),
    )
    policy = FetchPolicy(
        allowed_ports=frozenset({int(ozone.pds.rpartition(":")[2])}), allow_private_addresses=True
    )

    def call(method: str, url: str, headers: Any, body: bytes | None) -> CallAnswer:
        return call_service(method, url, headers, body, policy=policy)

    found = [Finding("blob", "check 1", "likely_ai", 0.93, is_flagged=True)]
    for _ in range(2):
        tell_ozone(claim, found, ozone.password, OzoneSessions(), call)
    answer = ozone.call("GET", QUERY, params={"subject": did, "limit": "50"})
    (event,) = answer.json()["events"]
    assert event["event"]["add"] == ["ntf-likely-ai"]
    assert "likely AI-made, score 0.93" in event["event"]["comment"]
