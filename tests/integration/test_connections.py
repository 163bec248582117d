"""Connections by the API: who may make them, what is shown, and what stays sealed."""

from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from cli.main import main
from scans.connections import MAX_CONNECTIONS
from scans.errands import create_errand, forget_ended_errands
from scans.integration_tables import Connection, Errand
from scans.people_tables import AuditEntry
from tests.integration.conftest import count_rows, make_key

Sessions = sessionmaker[Session]
MASTODON = {
    "kind": "mastodon",
    "address": "https://Mastodon.example/",
    "access_token": "opens mastodon",
    "webhook_secret": "mastodon signs with it",
    "rule_id": "3",
}


@pytest.fixture
def secret(sessions: Sessions) -> str:
    return make_key(sessions, "tenant one", role="integration")


@pytest.fixture
def theirs(app: OpenAPI, sessions: Sessions) -> FlaskClient:
    """A program of tenant two's."""
    client = app.test_client()
    key = make_key(sessions, "tenant two", role="integration")
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


def connect(client: FlaskClient, **wanted: Any) -> dict[str, Any]:
    answer = client.post("/v1/connections", json=wanted or {"kind": "pict_rs"})
    assert answer.status_code == 201, answer.json
    body: dict[str, Any] = answer.json
    return body


def test_a_connections_secrets_are_sealed_and_never_shown(
    client: FlaskClient, sessions: Sessions
) -> None:
    made = connect(client, **MASTODON)
    assert made["secret"] is None  # Mastodon signs with its own
    assert made["address"] == "https://mastodon.example"
    assert made["receives_at"] == f"/integrations/mastodon/{made['id']}"
    listed = client.get("/v1/connections").text
    with sessions.begin() as session:
        row = session.scalars(select(Connection)).one()
        assert row.sealed_secrets is not None
        kept = row.sealed_secrets + str(row.options)
        (entry,) = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "connection.created")
        )
        assert entry.target == made["id"]
    for word in ("opens mastodon", "signs with it"):
        assert word not in listed
        assert word not in kept


def test_our_own_secret_is_shown_once_and_kept_as_a_hash(
    client: FlaskClient, sessions: Sessions
) -> None:
    made = connect(client, kind="pict_rs", refuses=True)
    assert made["secret"].startswith("ntfc_")
    assert made["options"] == {"refuses": True}
    assert made["secret"] not in client.get("/v1/connections").text
    with sessions.begin() as session:
        assert session.scalars(select(Connection)).one().secret_sha256 not in {None, made["secret"]}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"kind": "mastodon"}, "address, access_token, webhook_secret"),
        ({"kind": "ozone", "address": "https://a.example"}, "identifier"),
        ({"kind": "matrix", "address": "https://a.example"}, "access_token"),
        ({"kind": "none"}, "kind"),
        ({**MASTODON, "address": "ftp://a"}, "http"),
    ],
)
def test_a_connection_that_could_not_work_is_refused(
    client: FlaskClient, wanted: dict[str, str], said: str
) -> None:
    answer = client.post("/v1/connections", json=wanted)
    assert answer.status_code == 422
    assert said in answer.json["detail"]


def test_a_reader_makes_none(app: OpenAPI, sessions: Sessions) -> None:
    reader = app.test_client()
    key = make_key(sessions, "tenant one", role="reader")
    reader.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    for answer in (reader.get("/v1/connections"), reader.post("/v1/connections", json=MASTODON)):
        assert (answer.status_code, answer.json["code"]) == (403, "role_insufficient")


def test_tenants_see_and_remove_their_own(
    client: FlaskClient, theirs: FlaskClient, sessions: Sessions
) -> None:
    made = connect(client)
    with sessions.begin() as session:
        errand_id, _ = create_errand(session, made["id"], "one", {})
    path = f"/v1/connections/{made['id']}"
    assert theirs.get("/v1/connections").json == {"connections": []}
    assert theirs.get(f"{path}/errands").status_code == 404
    assert theirs.post(f"/v1/connections/errands/{errand_id}/replay").status_code == 404
    assert theirs.delete(path).status_code == 404
    assert client.delete(path).status_code == 204
    assert count_rows(sessions, Errand) == 0
    assert client.delete(path).json["code"] == "connection_not_found"


def test_errands_are_listed_page_by_page_and_only_dead_ones_replayed(
    client: FlaskClient, sessions: Sessions
) -> None:
    made = connect(client)
    for number in range(3):
        with sessions.begin() as session:
            errand_id, is_new = create_errand(session, made["id"], f"errand {number}", {})
            assert is_new
    path = f"/v1/connections/{made['id']}/errands"
    first = client.get(f"{path}?limit=2").json
    second = client.get(f"{path}?limit=2&cursor={first['next_cursor']}").json
    names = [one["external_id"] for one in first["errands"] + second["errands"]]
    assert names == ["errand 2", "errand 1", "errand 0"]
    assert second["next_cursor"] is None
    assert client.get(f"{path}?dead=true").json["errands"] == []
    assert 'ntf_errands{state="waiting"} 3.0' in client.get("/metrics").text
    waiting = client.post(f"/v1/connections/errands/{errand_id}/replay")
    assert (waiting.status_code, waiting.json["code"]) == (409, "errand_waiting")
    unknown = client.get(f"{path}?cursor={made['id']}")
    assert (unknown.status_code, unknown.json["code"]) == (404, "errand_not_found")


def make_errands(client: FlaskClient, sessions: Sessions, count: int) -> list[str]:
    """Their ids."""
    made = connect(client)
    with sessions.begin() as session:
        return [
            str(create_errand(session, made["id"], f"errand {number}", {})[0])
            for number in range(count)
        ]


def test_the_operator_lists_and_replays_dead_errands(
    client: FlaskClient, sessions: Sessions
) -> None:
    dead, _ = make_errands(client, sessions, 2)
    with sessions.begin() as session:
        given_up = {"dead_at": func.now(), "last_error": "refused", "last_status": 403}
        session.execute(update(Errand).where(Errand.id == dead).values(given_up))
    run = CliRunner()
    listed = run.invoke(main, ["dead-letters", "list", "errands", "--reason", "refused"])
    errand_id, _, reason, about = listed.output.strip().split("\t")
    assert (errand_id, reason, about) == (dead, "refused 403", "pict_rs errand 0")
    assert run.invoke(main, ["dead-letters", "list", "errands", "--reason", "x"]).output == ""
    replay = ["dead-letters", "replay", "errands", dead]
    assert run.invoke(main, replay).output == "1 of 1 begin again.\n"
    assert run.invoke(main, replay).exit_code == 1
    with sessions.begin() as session:
        assert session.get_one(Errand, dead).dead_at is None


def test_errands_go_by_age_when_they_have_ended(client: FlaskClient, sessions: Sessions) -> None:
    done, dead, young, waiting = make_errands(client, sessions, 4)
    long_ago = func.now() - timedelta(days=91)
    with sessions.begin() as session:
        for errand_id, values in (
            (done, {"done_at": long_ago}),
            (dead, {"dead_at": long_ago}),
            (young, {"done_at": func.now()}),
            (waiting, {"created_at": long_ago}),
        ):
            session.execute(update(Errand).where(Errand.id == errand_id).values(values))
    for removed in (1, 1, 0):
        with sessions.begin() as session:
            assert forget_ended_errands(session, 90, limit=1) == removed
    with sessions.begin() as session:
        assert {str(one) for one in session.scalars(select(Errand.id))} == {young, waiting}


def test_a_tenant_has_no_more_than_fifty(client: FlaskClient) -> None:
    for _ in range(MAX_CONNECTIONS):
        connect(client)
    refused = client.post("/v1/connections", json={"kind": "pict_rs"})
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_connections")
