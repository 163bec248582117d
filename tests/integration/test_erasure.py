"""Images go for good, by request or by age, and the log of it stays."""

import hashlib
import io
import json
from types import ModuleType
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from cli.main import main
from scans.audit_log import SERVICE, record
from scans.dead_letters import list_failed_checks, replay_check
from scans.erasure import remove_old_files
from scans.errors import CheckNotReplayed
from scans.image_store import ImageStore
from tests.integration.test_attackers_walk import make_client
from tests.pictures import as_jpeg, noise

Sessions = sessionmaker[Session]


def send(client: FlaskClient, tasks: ModuleType, content: bytes) -> dict[str, object]:
    asked = client.post("/v1/checks", data={"image": (io.BytesIO(content), "a")}).json
    while tasks.fetch() or tasks.detect():
        pass
    check: dict[str, object] = client.get(f"/v1/checks/{asked['id']}").json
    assert check["status"] == "done"
    return check


def files_of(store: ImageStore, sha256: str, check: dict) -> list[bool]:
    name = check["verdict"]["model"]["version"]
    heatmaps = [path.name for path in (store._folder / "heatmaps").rglob("*.png")]
    return [store.has("bytes", sha256), any(name in heatmap for heatmap in heatmaps)]


def test_an_erased_image_is_gone_and_the_proof_stays(
    app: OpenAPI, sessions: Sessions, tasks: ModuleType, store: ImageStore
) -> None:
    admin = make_client(app, sessions, role="admin")
    content = as_jpeg(noise(81))
    sha256 = hashlib.sha256(content).hexdigest()
    check = send(admin, tasks, content)
    picture, heatmap = check["image"]["picture_url"], check["verdict"]["heatmap_url"]
    assert admin.get(heatmap).status_code == 200
    proof = admin.delete(f"/v1/images/{sha256}")
    assert (proof.status_code, proof.json["checks_erased"]) == (200, 1)
    for address in (f"/v1/checks/{check['id']}", f"/v1/verdicts?sha256={sha256}", picture, heatmap):
        assert admin.get(address).status_code == 404, address
    assert not store.has("bytes", sha256)
    assert admin.delete(f"/v1/images/{sha256}").status_code == 404
    with sessions.begin() as rows:
        line = rows.execute(text("SELECT * FROM audit_log WHERE action = 'image.erased'")).one()
    assert (line.target, line.actor) == (sha256, "key")
    assert line.request_id
    assert f"bytes/{sha256}" in line.details["files_removed"]
    again = send(admin, tasks, content)
    assert again["id"] != check["id"]
    assert admin.get(again["image"]["picture_url"]).data == content


def test_webhooks_tell_no_more_of_what_was_erased(
    app: OpenAPI, sessions: Sessions, tasks: ModuleType
) -> None:
    admin = make_client(app, sessions, role="admin")
    hook = admin.post("/v1/webhooks", json={"url": "http://receiver.example/"}).json
    erased = send(admin, tasks, as_jpeg(noise(87)))
    kept = send(admin, tasks, as_jpeg(noise(88)))
    assert admin.delete(f"/v1/images/{erased['image']['sha256']}").status_code == 200
    listed = admin.get(f"/v1/webhooks/{hook['id']}/deliveries").json["deliveries"]
    assert len(listed) == 1
    with sessions.begin() as rows:
        told = rows.scalars(text("SELECT payload->'data'->>'id' FROM webhook_events")).all()
    assert told == [kept["id"]]


def test_what_was_erased_is_not_checked_again_and_looks_like_nothing(
    app: OpenAPI, sessions: Sessions, tasks: ModuleType
) -> None:
    admin = make_client(app, sessions, role="admin")
    content = as_jpeg(noise(89))
    asked = admin.post("/v1/checks", data={"image": (io.BytesIO(content), "a")}).json
    with sessions.begin() as rows:
        rows.execute(text("UPDATE checks SET status = 'failed', error_code = 'gave_up'"))
    sha256 = hashlib.sha256(content).hexdigest()
    assert admin.delete(f"/v1/images/{sha256}").status_code == 200
    with sessions.begin() as rows, pytest.raises(CheckNotReplayed):
        replay_check(rows, UUID(asked["id"]))
    with sessions.begin() as rows:
        assert list_failed_checks(rows, None, limit=9) == []
        assert rows.execute(text("SELECT provenance, pdq FROM images")).one() == (None, None)


def test_what_another_tenant_sent_too_stays_theirs(
    app: OpenAPI, sessions: Sessions, tasks: ModuleType
) -> None:
    one = make_client(app, sessions, role="admin")
    two = make_client(app, sessions, role="admin", tenant="tenant two")
    content = as_jpeg(noise(82))
    sha256 = hashlib.sha256(content).hexdigest()
    mine, theirs = send(one, tasks, content), send(two, tasks, content)
    proof = one.delete(f"/v1/images/{sha256}").json
    assert one.get(f"/v1/checks/{mine['id']}").status_code == 404
    assert two.get(f"/v1/checks/{theirs['id']}").json["verdict"]
    assert two.get(theirs["image"]["picture_url"]).data == content
    assert two.delete(f"/v1/images/{sha256}").json.keys() == proof.keys()
    assert two.get(theirs["image"]["picture_url"]).status_code == 404


def test_an_image_under_an_open_check_is_not_erased(app: OpenAPI, sessions: Sessions) -> None:
    admin = make_client(app, sessions, role="admin")
    content = as_jpeg(noise(83))
    admin.post("/v1/checks", data={"image": (io.BytesIO(content), "a")})
    answer = admin.delete(f"/v1/images/{hashlib.sha256(content).hexdigest()}")
    assert (answer.status_code, answer.json["code"]) == (409, "image_in_use")


def test_the_command_erases_and_prints_what_went(
    app: OpenAPI, sessions: Sessions, tasks: ModuleType, store: ImageStore
) -> None:
    admin = make_client(app, sessions, role="admin")
    content = as_jpeg(noise(84))
    sha256 = hashlib.sha256(content).hexdigest()
    send(admin, tasks, content)
    arguments = ["admin", "erase", "--tenant", "tenant one", "--subject", sha256]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 0, shown.output
    assert f"bytes/{sha256}" in json.loads(shown.output)["files_removed"]
    assert not store.has("bytes", sha256)
    assert CliRunner().invoke(main, arguments).exit_code == 1


def test_old_files_go_by_age_and_verdicts_stay(
    app: OpenAPI, client: FlaskClient, sessions: Sessions, tasks: ModuleType, store: ImageStore
) -> None:
    old, again, opened = (as_jpeg(noise(seed)) for seed in (85, 86, 87))
    checks = [send(client, tasks, content) for content in (old, again)]
    client.post("/v1/checks", data={"image": (io.BytesIO(opened), "a")})
    with sessions.begin() as rows:
        rows.execute(text("UPDATE images SET created_at = now() - interval '40 days'"))
        rows.execute(text("UPDATE checks SET created_at = now() - interval '40 days'"))
        rows.execute(
            text("UPDATE checks SET created_at = now() WHERE id = :id"), {"id": checks[1]["id"]}
        )
        ids = {"id": checks[0]["id"]}
        awaited = rows.scalar(text("SELECT count(*) FROM reviews WHERE check_id = :id"), ids)
        assert awaited == 1, "the tiny detector is sure of this one; take another"
    with sessions.begin() as rows:
        assert remove_old_files(rows, store, 30, limit=10) == 0
        rows.execute(
            text("UPDATE reviews SET status = 'decided', outcome = 'real', decided_at = now()")
        )
    with sessions.begin() as rows:
        assert remove_old_files(rows, store, 30, limit=10) == 1
    kept = [
        store.has("bytes", hashlib.sha256(content).hexdigest()) for content in (old, again, opened)
    ]
    assert kept == [False, True, True]
    check = client.get(f"/v1/checks/{checks[0]['id']}").json
    assert check["verdict"]["label"]
    assert (check["image"]["picture_url"], check["verdict"]["heatmap_url"]) == (None, None)


@pytest.mark.parametrize("change", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"])
def test_the_audit_log_is_append_only(sessions: Sessions, change: str) -> None:
    with sessions.begin() as rows:
        record(rows, SERVICE, "test.done", tenant_id=None, target="x")
    with pytest.raises(DBAPIError, match="append-only"), sessions.begin() as rows:
        rows.execute(text(change))
    with sessions() as rows:
        record(rows, SERVICE, "test.undone", tenant_id=None, target="x")
        rows.flush()
        rows.rollback()
    with sessions.begin() as rows:
        lines = rows.execute(text("SELECT action FROM audit_log")).scalars().all()
    assert lines == ["test.done"]


def test_people_keys_and_invitations_by_command(app: OpenAPI, sessions: Sessions) -> None:
    def run(*arguments: str) -> str:
        shown = CliRunner().invoke(main, ["admin", *arguments])
        assert shown.exit_code == 0, shown.output
        return shown.output.strip()

    def opens(key: str) -> bool:
        headers = {"Authorization": f"Bearer {key}"}
        return app.test_client().get("/v1/models", headers=headers).status_code == 200

    run("tenants", "create", "news")
    assert run("tenants", "list").endswith("\tnews")
    tenant = ("--tenant", "news")
    person = run("people", "create", *tenant, "Ann")
    key = run("keys", "create", *tenant, "--person", "Ann", "--role", "moderator")
    assert run("people", "list", *tenant).splitlines() == [f"{person}\tactive\tAnn"]
    key_id = run("keys", "list", *tenant).split("\t")[0]
    new = run("keys", "rotate", *tenant, "--overlap-hours", "0", key_id)
    assert (opens(key), opens(new)) == (False, True)
    run("keys", "revoke", new)
    assert not opens(new)
    link = run("invitations", "create", *tenant, "--for", "Bo", "--address", "https://n.example")
    assert link.startswith("https://n.example/invitations/")
    run("invitations", "revoke", *tenant, run("invitations", "list", *tenant).split("\t")[0])
    run("people", "disable", *tenant, person)
    assert "command_line\tperson.disabled" in run("audit", *tenant)
