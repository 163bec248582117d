"""What someone tries who has no right to be here, or less than they want. Nothing gets in."""

import hashlib
import io
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import ModuleType
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, update
from sqlalchemy.orm import Session, sessionmaker

from api.app import create_app
from scans.audit_log import SERVICE
from scans.ended_sessions import forget_ended_sessions
from scans.keys import create_key, create_tenant_with_person, list_keys, recognise_key
from scans.people import disable_person
from scans.people_tables import EndedSession
from scans.settings import Settings
from tests.integration.callers import fill_sign_in
from tests.integration.conftest import close_app, count_rows
from tests.pictures import as_jpeg, noise

Sessions = sessionmaker[Session]
OPEN_CALLS = {"/v1/invitations/{token}/accept"}
ID, HASH = "00000000-0000-4000-8000-000000000000", "0" * 64
BODIES: dict[str, dict[str, object]] = {
    "/v1/keys": {"name": "x"},
    "/v1/invitations": {"name": "x"},
    "/v1/checks": {"url": "http://example.org/"},
    "/v1/webhooks": {"url": "http://example.org/"},
    "/v1/batches": {"urls": ["http://example.org/"]},
    "/v1/checks/{check_id}/feedback": {"says": "ai"},
    "/v1/reviews/{review_id}/decision": {"says": "ai"},
    "/v1/connections": {"kind": "pict_rs"},
    "/v1/integrations/coop": {"public_key_pem": "x"},
    "/v1/integrations/coop/actions": {"item": {"id": "x"}, "custom": {"ntf_says": "ai"}},
    "/v1/integrations/coop/checks": {"url": "http://example.org/"},
    "/v1/integrations/coop/targets": {
        "url": "http://example.org/",
        "api_key": "x",
        "send": "items",
        "item_type_id": "x",
    },
}


def make_client(
    app: OpenAPI, sessions: Sessions, *, role: str, tenant: str = "tenant one"
) -> FlaskClient:
    with sessions.begin() as rows:
        person = create_tenant_with_person(rows, tenant, role)
        secret = create_key(rows, person, name="test", role=role)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return client


def key_of(client: FlaskClient) -> str:
    return str(client.environ_base["HTTP_AUTHORIZATION"]).removeprefix("Bearer ")


def sign_in(app: OpenAPI, secret: str) -> FlaskClient:
    browser = app.test_client()
    assert fill_sign_in(browser, secret).status_code == 303
    return browser


def every_call(app: OpenAPI) -> list[tuple[str, str]]:
    document = app.test_client().get("/openapi.json").json
    return [(method, path) for path, item in document["paths"].items() for method in item]


def call(client: FlaskClient, method: str, path: str, **more: object):
    """A call that its schema lets through, to something that does not exist."""
    address = re.sub(r"{[a-z]+_id}", ID, path).format(sha256=HASH, token="x")
    if path == "/v1/verdicts":
        address += f"?sha256={HASH}"
    if method != "get" and method != "delete":
        more["json"] = BODIES.get(path, {})
    return client.open(address, method=method.upper(), **more)


def test_no_call_answers_without_a_key(app: OpenAPI, sessions: Sessions) -> None:
    for method, path in every_call(app):
        if path not in OPEN_CALLS:
            answer = call(app.test_client(), method, path)
            assert (answer.status_code, answer.json["code"]) == (401, "key_required"), path


ADMIN_CALLS = [
    ("get", "/v1/keys"),
    ("post", "/v1/keys"),
    ("delete", "/v1/keys/{key_id}"),
    ("post", "/v1/keys/{key_id}/rotate"),
    ("post", "/v1/invitations"),
    ("delete", "/v1/images/{sha256}"),
]


@pytest.mark.parametrize("role", ["reader", "moderator", "integration"])
def test_no_lesser_role_does_what_an_admin_does(
    app: OpenAPI, sessions: Sessions, role: str
) -> None:
    client = make_client(app, sessions, role=role)
    for method, path in ADMIN_CALLS:
        answer = call(client, method, path)
        assert (answer.status_code, answer.json["code"]) == (403, "role_insufficient"), path
    browser = sign_in(app, key_of(client))
    assert browser.get("/admin").status_code == 403
    assert b"People and keys" not in browser.get("/").data
    assert browser.post("/admin/people", data={"name": "x"}).status_code == 403
    with sessions.begin() as rows:
        holder = recognise_key(rows, key_of(client))
        assert len(list_keys(rows, holder.tenant_id)) == 1


@pytest.mark.parametrize("role", ["reader", "moderator"])
def test_only_programs_and_admins_have_webhooks_and_batches(
    app: OpenAPI, sessions: Sessions, role: str
) -> None:
    client, program = (make_client(app, sessions, role=one) for one in (role, "integration"))
    calls = [one for one in every_call(app) if one[1].startswith(("/v1/webhooks", "/v1/batches"))]
    assert len(calls) == 11
    for method, path in calls:
        answer = call(client, method, path)
        assert (answer.status_code, answer.json["code"]) == (403, "role_insufficient"), path
        assert call(program, method, path).status_code in {200, 201, 202, 404}, path


@pytest.mark.parametrize("role", ["reader", "integration"])
def test_only_moderators_and_admins_review(app: OpenAPI, sessions: Sessions, role: str) -> None:
    client, moderator = (make_client(app, sessions, role=one) for one in (role, "moderator"))
    calls = [one for one in every_call(app) if one[1].startswith("/v1/reviews")]
    assert len(calls) == 8
    for method, path in calls:
        answer = call(client, method, path)
        assert (answer.status_code, answer.json["code"]) == (403, "role_insufficient"), path
        assert call(moderator, method, path).status_code in {200, 404}, path


def test_another_tenants_ids_are_unknown_on_every_call(
    app: OpenAPI, sessions: Sessions, client: FlaskClient, tasks: ModuleType
) -> None:
    content = as_jpeg(noise(71))
    check_id = client.post("/v1/checks", data={"image": (io.BytesIO(content), "a")}).json["id"]
    tasks.fetch()
    tasks.detect()
    sha256 = hashlib.sha256(content).hexdigest()
    with sessions.begin() as rows:
        victim = recognise_key(rows, key_of(client))
    thief = make_client(app, sessions, role="admin", tenant="thieves")
    key = f"/v1/keys/{victim.key_id}"
    for method, address, body in [
        ("GET", f"/v1/checks/{check_id}", None),
        ("GET", f"/v1/verdicts?sha256={sha256}", None),
        ("DELETE", f"/v1/images/{sha256}", None),
        ("DELETE", key, None),
        ("POST", f"{key}/rotate", {}),
        ("POST", "/v1/keys", {"name": "x", "person_id": str(victim.person_id)}),
    ]:
        assert thief.open(address, method=method, json=body).status_code == 404, address
    assert str(victim.key_id) not in thief.get("/v1/keys").text
    browser = sign_in(app, key_of(thief))
    form = {"csrf_token": csrf_token(browser), "name": "x", "role": "admin"}
    for address in (
        f"/admin/keys/{victim.key_id}/revoke",
        f"/admin/keys/{victim.key_id}/rotate",
        f"/admin/people/{victim.person_id}/disable",
        f"/admin/invitations/{uuid4()}/revoke",
    ):
        assert browser.post(address, data=form).status_code == 404, address
    chosen = form | {"person": str(victim.person_id)}
    assert browser.post("/admin/keys", data=chosen).status_code == 404
    assert client.get(f"/v1/checks/{check_id}").json["status"] == "done"


def test_an_upload_of_known_bytes_tells_nothing_of_who_sent_them(
    app: OpenAPI, sessions: Sessions, client: FlaskClient, tasks: ModuleType
) -> None:
    known, unknown = as_jpeg(noise(72)), as_jpeg(noise(73))
    client.post("/v1/checks", data={"image": (io.BytesIO(known), "a")})
    tasks.fetch()
    tasks.detect()
    other = make_client(app, sessions, role="reader", tenant="tenant two")
    answers = [
        other.post("/v1/checks", data={"image": (io.BytesIO(content), "a")})
        for content in (known, unknown)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    for answer in answers:
        image = answer.json["image"]
        assert (image["media_type"], image["width_px"], image["picture_url"]) == (None, None, None)


def test_keys_out_of_force_open_nothing(app: OpenAPI, sessions: Sessions) -> None:
    admin = make_client(app, sessions, role="admin")
    made = admin.post("/v1/keys", json={"name": "job", "role": "integration"}).json
    old = app.test_client()
    old.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {made['key']}"
    browser = sign_in(app, made["key"])
    rotated = admin.post(f"/v1/keys/{made['id']}/rotate", json={"overlap_hours": 1})
    assert rotated.status_code == 201
    assert rotated.json["role"] == "integration"
    assert old.get("/v1/models").status_code == 200, "the overlap"
    assert admin.post(f"/v1/keys/{made['id']}/rotate", json={"overlap_hours": 0}).status_code == 201
    assert old.get("/v1/models").status_code == 401, "no overlap"
    assert browser.get("/v1/models").status_code == 401
    new = app.test_client()
    new.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {rotated.json['key']}"
    assert new.get("/v1/models").status_code == 200
    assert admin.delete(f"/v1/keys/{rotated.json['id']}").status_code == 204
    assert new.get("/v1/models").status_code == 401
    assert admin.delete(f"/v1/keys/{rotated.json['id']}").status_code == 404


def test_a_disabled_person_is_out_with_all_keys(
    app: OpenAPI, sessions: Sessions, client: FlaskClient
) -> None:
    with sessions.begin() as rows:
        holder = recognise_key(rows, key_of(client))
        disable_person(rows, holder.tenant_id, holder.person_id, SERVICE)
    assert client.get("/v1/models").status_code == 401


def test_forged_and_borrowed_cookies_are_no_session(
    app: OpenAPI, sessions: Sessions, client: FlaskClient
) -> None:
    with sessions.begin() as rows:
        key_id = str(recognise_key(rows, key_of(client)).key_id)
    own = URLSafeTimedSerializer("a guess of thirty-two characters", salt="cookie-session")
    pictures = app.extensions["ntf"].picture_signer
    for cookie in (
        "nonsense",
        own.dumps({"key_id": key_id}),
        pictures.dumps({"key_id": key_id}),
        json.dumps({"key_id": key_id}),
    ):
        browser = app.test_client()
        browser.set_cookie("ntf_session", cookie)
        assert browser.get("/v1/models").status_code == 401, cookie


def test_a_session_ends_with_the_day(
    app: OpenAPI, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in(app, key_of(client))
    assert browser.get("/v1/models").status_code == 200
    now = time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 13 * 3600)
    assert browser.get("/v1/models").status_code == 401


def test_signing_out_ends_each_copy_of_the_cookie(app: OpenAPI, client: FlaskClient) -> None:
    browser, elsewhere = sign_in(app, key_of(client)), sign_in(app, key_of(client))
    stolen = browser.get_cookie("ntf_session")
    assert stolen is not None
    thief = app.test_client()
    thief.set_cookie("ntf_session", stolen.value)
    assert thief.get("/v1/models").status_code == 200
    assert browser.post("/session/end").status_code == 303
    for copy in (browser, thief):
        copy.set_cookie("ntf_session", stolen.value)
        assert copy.get("/v1/models").status_code == 401
    assert elsewhere.get("/v1/models").status_code == 200  # another session of the same key


def test_an_ended_session_is_remembered_until_its_cookie_is_too_old(
    app: OpenAPI, client: FlaskClient, sessions: Sessions
) -> None:
    sign_in(app, key_of(client)).post("/session/end")
    for hours, left in ((11, 1), (13, 0)):
        with sessions.begin() as rows:
            ended_at = func.now() - timedelta(hours=hours)
            rows.execute(update(EndedSession).values(ended_at=ended_at))
            forget_ended_sessions(rows)
        assert count_rows(sessions, EndedSession) == left


def csrf_token(browser: FlaskClient) -> str:
    browser.get("/admin")
    with browser.session_transaction() as session:
        return str(session["csrf_token"])


def test_forms_without_their_token_change_nothing(app: OpenAPI, sessions: Sessions) -> None:
    admin = make_client(app, sessions, role="admin")
    browser, other = sign_in(app, key_of(admin)), sign_in(app, key_of(admin))
    good = csrf_token(browser)
    for token in ({}, {"csrf_token": ""}, {"csrf_token": "ä"}, {"csrf_token": csrf_token(other)}):
        answer = browser.post("/admin/people", data={"name": "Eve", **token})
        assert (answer.status_code, answer.json["code"]) == (403, "form_forged")
    # A key in the header is no session: no page of another site can send it, and no form takes it.
    assert admin.post("/admin/people", data={"name": "Eve"}).status_code == 403
    evil = {"Origin": "https://evil.example"}
    sent = browser.post("/admin/people", data={"name": "Eve", "csrf_token": good}, headers=evil)
    assert sent.status_code == 403
    assert b"Eve" not in browser.get("/admin").data
    assert (
        browser.post("/admin/people", data={"name": "Ann", "csrf_token": good}).status_code == 303
    )
    assert b"Ann" in browser.get("/admin").data


def test_what_is_typed_is_never_markup(app: OpenAPI, sessions: Sessions) -> None:
    browser = sign_in(app, key_of(make_client(app, sessions, role="admin")))
    form = {"csrf_token": csrf_token(browser), "name": "<script>alert(1)</script>"}
    browser.post("/admin/people", data=form)
    page = browser.get("/admin")
    assert b"<script>alert" not in page.data
    assert b"&lt;script&gt;" in page.data
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


def test_an_invitation_makes_one_reader_and_no_more(app: OpenAPI, sessions: Sessions) -> None:
    admin = make_client(app, sessions, role="admin")
    url = admin.post("/v1/invitations", json={"name": "Guest"}).json["url"]
    token = url.rsplit("/", 1)[1]
    stranger = app.test_client()
    for _ in range(2):
        assert b"Guest" in stranger.get(f"/invitations/{token}").data, "looking uses nothing up"

    def take(_: int) -> tuple[int, dict[str, str]]:
        answer = app.test_client().post(f"/v1/invitations/{token}/accept")
        return answer.status_code, answer.json

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(take, range(4)))
    assert sorted(status for status, _ in answers) == [201, 404, 404, 404]
    (key,) = [body["key"] for status, body in answers if status == 201]
    assert stranger.get(f"/invitations/{token}").status_code == 404
    guest = app.test_client()
    guest.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    assert guest.get("/v1/models").status_code == 200
    assert guest.post("/v1/invitations", json={"name": "More"}).status_code == 403


def test_a_revoked_invitation_is_closed(app: OpenAPI, sessions: Sessions) -> None:
    admin = make_client(app, sessions, role="admin")
    made = admin.post("/v1/invitations", json={"name": "Guest"}).json
    browser = sign_in(app, key_of(admin))
    form = {"csrf_token": csrf_token(browser)}
    browser.post(f"/admin/invitations/{made['id']}/revoke", data=form)
    path = made["url"].split("localhost", 1)[1]
    assert app.test_client().post(path).status_code == 404
    assert app.test_client().get(path).status_code == 404


def test_tries_of_keys_and_links_are_slowed_by_the_address_they_come_from(
    app: OpenAPI, client: FlaskClient
) -> None:
    def answer(address: str, key: str, forwarded: str = "") -> int:
        return fill_sign_in(
            app.test_client(),
            key,
            environ_base={"REMOTE_ADDR": address},
            headers={"X-Forwarded-For": forwarded},
        ).status_code

    guesser = "192.0.2.66"
    statuses = [answer(guesser, f"ntf_{n}", forwarded=f"192.0.2.{n}") for n in range(11)]
    assert statuses == [401] * 10 + [429], "a made-up X-Forwarded-For helps nobody"
    assert answer(guesser, key_of(client)) == 429
    link = app.test_client().get("/invitations/abc", environ_base={"REMOTE_ADDR": guesser})
    assert link.status_code == 429
    assert int(link.headers["Retry-After"]) > 0
    assert answer("192.0.2.67", key_of(client)) == 303


def test_only_a_named_proxy_is_believed_about_addresses(
    settings: Settings, sessions: Sessions
) -> None:
    app = create_app(settings.model_copy(update={"trusted_proxy_count": 1}))
    tries = ["192.0.2.70", *["192.0.2.71"] * 11]
    statuses = [
        fill_sign_in(
            app.test_client(),
            "ntf_wrong",
            # What the caller made up stands left of what the proxy adds.
            headers={"X-Forwarded-For": f"10.0.0.{n}, {address}", "X-Forwarded-Host": "evil"},
        ).status_code
        for n, address in enumerate(tries)
    ]
    close_app(app)
    assert statuses == [401] * 11 + [429]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-User": "admin"},
        {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
        {"X-Original-URL": "/healthz", "X-Rewrite-URL": "/healthz"},
        {"X-HTTP-Method-Override": "GET"},
        {"Authorization": "Bearer " + "ntf_" * 2000},
        {"Authorization": "Bearer ntf_x\u00e9"},
        {"Cookie": "ntf_session=" + "a" * 8000},
    ],
)
def test_headers_open_nothing(app: OpenAPI, sessions: Sessions, headers: dict[str, str]) -> None:
    answer = app.test_client().get("/v1/keys", headers=headers)
    assert answer.status_code == 401


def test_two_authorizations_are_not_one(app: OpenAPI, client: FlaskClient) -> None:
    """Servers join repeated headers by a comma; neither part may count."""
    stranger = app.test_client()
    for joined in (f"Bearer x, Bearer {key_of(client)}", f"Bearer {key_of(client)}, Bearer x"):
        assert stranger.get("/v1/models", headers={"Authorization": joined}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/v1/../v1/keys",
        "/v1/%2e%2e/v1/keys",
        "//v1/keys",
        "/v1/keys/",
        "/v1/keys;x=1",
        "/V1/KEYS",
        "/static/../../scans/settings.py",
        "/static/%2e%2e/%2e%2e/scans/settings.py",
        "/pictures/../../etc/passwd",
    ],
)
def test_paths_open_nothing(app: OpenAPI, sessions: Sessions, path: str) -> None:
    answer = app.test_client().get(path)
    assert answer.status_code in {301, 308, 401, 404}, path
    assert b"SECRET" not in answer.data


def test_a_key_with_a_limit_is_told_and_stopped(
    app: OpenAPI, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    services = app.extensions["ntf"]
    few = services.settings.model_copy(update={"reader_requests_per_minute": 3})
    monkeypatch.setitem(app.extensions, "ntf", replace(services, settings=few))
    answers = [client.get("/v1/models") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[3].json["code"] == "too_many_requests"
    assert 0 < int(answers[3].headers["Retry-After"]) <= 60
    assert "Retry-After" not in answers[0].headers


def test_without_valkey_everything_passes(
    app: OpenAPI, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from scans.rate_limits import RateLimits

    services = app.extensions["ntf"]
    away = replace(services, rate_limits=RateLimits("redis+socket:///nowhere/valkey.sock"))
    monkeypatch.setitem(app.extensions, "ntf", away)
    answer = client.get("/v1/models")
    assert answer.status_code == 200
    assert "RateLimit-Limit" not in answer.headers
