"""The API's spine, over real rows. The worker is called in this process; see test_path.py."""

import hashlib
import io
import json
import random
import zlib
from types import ModuleType
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from scans import keys
from scans.tables import PixelScore
from tests.integration.callers import fill_sign_in
from tests.integration.conftest import make_key
from tests.pictures import as_jpeg, as_png, noise, photograph

Sessions = sessionmaker[Session]


def upload(client: FlaskClient, content: bytes, **fields: str):
    return client.post("/v1/checks", data={"image": (io.BytesIO(content), "a"), **fields})


def test_upload_is_queued_judged_and_read(client: FlaskClient, tasks: ModuleType) -> None:
    content = as_jpeg(photograph())
    asked = upload(client, content)
    assert asked.status_code == 202
    assert asked.json["status"] == "queued"
    tasks.fetch()
    assert client.get(asked.headers["Location"]).json["status"] == "detecting"
    tasks.detect()
    check = client.get(asked.headers["Location"]).json
    assert check["status"] == "done"
    assert check["image"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert (check["image"]["width_px"], check["image"]["height_px"]) == (512, 512)
    verdict = check["verdict"]
    assert verdict["label"] in {"likely_ai", "uncertain", "no_evidence"}
    assert 0.01 <= verdict["score"] <= 0.99
    assert 0 < verdict["real_photo_p"] <= 1
    assert verdict["evidence"][0]["kind"] == "pixels"
    assert verdict["human"] is None
    heatmap = client.get(verdict["heatmap_url"])
    assert heatmap.data.startswith(b"\x89PNG")
    assert client.get(check["image"]["picture_url"]).data == content


def test_known_bytes_are_answered_at_once(client: FlaskClient, tasks: ModuleType) -> None:
    content = as_jpeg(noise(1))
    first = upload(client, content).json
    sha256 = hashlib.sha256(content).hexdigest()
    assert client.get(f"/v1/verdicts?sha256={sha256}").status_code == 404
    tasks.fetch()
    tasks.detect()
    again = upload(client, content)
    assert (again.status_code, again.json["id"]) == (200, first["id"])
    assert client.get(f"/v1/verdicts?sha256={sha256.upper()}").json["id"] == first["id"]


def test_equal_pixels_share_one_score(
    client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    pixels = noise(2)
    one = as_png(pixels)
    other = (
        one[:-12] + b"\0\0\0\x04tEXta\0b!" + zlib.crc32(b"tEXta\0b!").to_bytes(4, "big") + one[-12:]
    )
    ids = [upload(client, content).json["id"] for content in (one, other)]
    assert ids[0] != ids[1]
    for _ in ids:
        tasks.fetch()
    tasks.detect()
    scores = [client.get(f"/v1/checks/{check_id}").json["verdict"]["raw_score"] for check_id in ids]
    assert scores[0] == scores[1]
    with sessions.begin() as session:
        assert session.scalar(select(func.count()).select_from(PixelScore)) == 1


def test_what_is_no_image_fails_with_a_reason(client: FlaskClient, tasks: ModuleType) -> None:
    asked = upload(client, b"this is no image").json
    tasks.fetch()
    check = client.get(f"/v1/checks/{asked['id']}").json
    assert check["status"] == "failed"
    assert check["error"]["code"] == "not_an_image"
    assert check["verdict"] is None


def test_an_address_longer_than_an_index_holds_is_checked(client: FlaskClient) -> None:
    """PostgreSQL's b-tree takes 2,704 bytes; a signed address that does not compress is longer."""
    url = f"https://images.example/{random.Random(1).randbytes(1900).hex()}"
    first, again = (client.post("/v1/checks", json={"url": url}) for _ in range(2))
    assert first.status_code == again.status_code == 202
    assert first.json["id"] == again.json["id"]
    other = client.post("/v1/checks", json={"url": url + "0"})
    assert other.json["id"] != first.json["id"]


def test_private_address_is_refused_by_default(client: FlaskClient, tasks: ModuleType) -> None:
    asked = client.post("/v1/checks", json={"url": "http://127.0.0.1/secret.png"})
    assert asked.status_code == 202
    tasks.fetch()
    check = client.get(f"/v1/checks/{asked.json['id']}").json
    assert (check["status"], check["error"]["code"]) == ("failed", "url_rejected")


def test_a_tenant_sees_only_what_it_sent(
    app: OpenAPI, client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    content = as_jpeg(noise(3))
    mine = upload(client, content).json
    tasks.fetch()
    tasks.detect()
    other = app.test_client()
    other.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {make_key(sessions, 'tenant two')}"
    assert other.get(f"/v1/checks/{mine['id']}").json["code"] == "check_not_found"
    sha256 = hashlib.sha256(content).hexdigest()
    assert other.get(f"/v1/verdicts?sha256={sha256}").json["code"] == "verdict_not_found"
    assert upload(other, content).status_code == 202


def test_prefer_wait_is_honoured_and_bounded(client: FlaskClient) -> None:
    answer = client.post(
        "/v1/checks",
        json={"url": "http://example.org/x"},
        headers={"Prefer": "respond-async, wait=0"},
    )
    assert answer.status_code == 202
    short = client.post("/v1/checks?wait=0.2", json={"url": "http://example.org/x"})
    assert (short.status_code, short.headers["Preference-Applied"]) == (202, "wait")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"json": {}}, 422, "request_invalid"),
        ({"json": {"url": 5}}, 422, "request_invalid"),
        ({"json": {"url": "ftp://example.org/"}}, 422, "url_invalid"),
        ({"json": {"url": "http://example.org/", "colour": "red"}}, 422, "request_invalid"),
        ({"json": ["http://example.org/"]}, 422, "request_invalid"),
        ({"data": b"{", "content_type": "application/json"}, 400, "bad_request"),
        ({"data": b"x", "content_type": "text/plain"}, 415, "media_type_unsupported"),
        ({"data": {"picture": "x"}}, 422, "request_invalid"),
        (
            {"query_string": "wait=-1", "json": {"url": "http://example.org/"}},
            422,
            "request_invalid",
        ),
    ],
)
def test_bad_input_gets_a_problem_document(
    client: FlaskClient, sent: dict[str, object], status: int, code: str
) -> None:
    if sent.get("data") == {"picture": "x"}:
        sent = {**sent, "content_type": "multipart/form-data"}
    answer = client.post("/v1/checks", **sent)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["detail"]


def test_an_image_over_the_limit_is_refused(app: OpenAPI, client: FlaskClient) -> None:
    answer = client.post(
        "/v1/checks",
        data=b"",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(app.config["MAX_CONTENT_LENGTH"] + 1)},
    )
    assert (answer.status_code, answer.json["code"]) == (413, "too_many_bytes")
    assert "MiB" in answer.json["detail"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ntf_wrong", "Basic dXNlcjpwYXNz", "x"])
def test_no_key_no_answer(app: OpenAPI, sessions: Sessions, header: str) -> None:
    answer = app.test_client().get(f"/v1/checks/{uuid4()}", headers={"Authorization": header})
    assert (answer.status_code, answer.json["code"]) == (401, "key_required")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_key_opens_nothing(client: FlaskClient, secret: str, sessions: Sessions) -> None:
    assert client.get("/v1/models").status_code == 200
    with sessions.begin() as session:
        keys.revoke_key(session, secret)
    assert client.get("/v1/models").status_code == 401


def test_only_the_hash_of_a_key_is_kept(secret: str, sessions: Sessions) -> None:
    with sessions.begin() as session:
        rows = session.execute(text("SELECT row_to_json(api_keys)::text FROM api_keys")).scalars()
        assert all(secret not in row for row in rows)


def test_session_of_the_page_works_and_foreign_sites_do_not(
    app: OpenAPI, secret: str, sessions: Sessions
) -> None:
    browser = app.test_client()
    assert b"Sign in" in browser.get("/").data
    assert fill_sign_in(browser, "wrong").status_code == 401
    forged = browser.post("/session", data={"key": secret})
    assert forged.status_code == 403
    assert b"Load the page again" in forged.data
    assert fill_sign_in(browser, secret).status_code == 303
    assert b"Is this image AI-made?" in browser.get("/").data
    body = {"url": "http://example.org/"}
    ours = browser.post("/v1/checks", json=body, headers={"Origin": "http://localhost"})
    assert ours.status_code == 202
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        foreign = browser.post("/v1/checks", json=body, headers=headers)
        assert (foreign.status_code, foreign.json["code"]) == (403, "foreign_origin")
    cookie = browser.get_cookie("ntf_session")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Strict"
    browser.post("/session/end")
    assert browser.post("/v1/checks", json=body).status_code == 401


def test_a_forged_picture_link_shows_nothing(client: FlaskClient) -> None:
    assert client.get("/pictures/forged").json["code"] == "picture_not_found"


def test_openapi_is_3_1_and_names_every_call(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/v1/checks",
        "/v1/connections",
        "/v1/connections/{connection_id}",
        "/v1/connections/{connection_id}/errands",
        "/v1/connections/errands/{errand_id}/replay",
        "/v1/batches",
        "/v1/batches/{batch_id}",
        "/v1/checks/{check_id}",
        "/v1/checks/{check_id}/similar",
        "/v1/checks/{check_id}/appeal",
        "/v1/checks/{check_id}/feedback",
        "/v1/reviews",
        "/v1/reviews/claim",
        "/v1/reviews/{review_id}",
        "/v1/reviews/{review_id}/claim",
        "/v1/reviews/{review_id}/decision",
        "/v1/reviews/{review_id}/release",
        "/v1/reviews/{review_id}/statement",
        "/v1/reviews/{review_id}/undo",
        "/v1/verdicts",
        "/v1/models",
        "/v1/webhooks",
        "/v1/webhooks/{webhook_id}",
        "/v1/webhooks/{webhook_id}/rotate",
        "/v1/webhooks/{webhook_id}/test",
        "/v1/webhooks/{webhook_id}/deliveries",
        "/v1/webhooks/deliveries/{delivery_id}/replay",
        "/v1/keys",
        "/v1/keys/{key_id}",
        "/v1/keys/{key_id}/rotate",
        "/v1/invitations",
        "/v1/invitations/{token}/accept",
        "/v1/images/{sha256}",
        "/v1/integrations/coop",
        "/v1/integrations/coop/checks",
        "/v1/integrations/coop/targets",
        "/v1/integrations/coop/actions",
    }
    bodies = document["paths"]["/v1/checks"]["post"]["requestBody"]["content"]
    assert set(bodies) == {"application/json", "multipart/form-data"}
    assert "$defs" not in json.dumps(document)
    assert client.get("/openapi.json").json == document


def test_live_ready_and_metrics(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "live"}
    assert client.get("/readyz").json == {"status": "ready"}
    client.post("/v1/checks", json={"url": "http://example.org/"})
    metrics = client.get("/metrics").text
    assert 'ntf_checks{status="queued"} 1.0' in metrics
    assert 'route="/v1/checks"' in metrics
    assert "ntf_oldest_open_check_seconds" in metrics


@pytest.mark.parametrize(("said", "is_limit"), [("true", True), ("false", False), (None, False)])
def test_what_a_screen_showed_says_so_in_its_limits(
    client: FlaskClient, tasks: ModuleType, said: str | None, is_limit: bool
) -> None:
    form = {"image": (io.BytesIO(as_jpeg(noise(71))), "a.jpg")}
    answer = client.post("/v1/checks", data=form | ({"taken_from_screen": said} if said else {}))
    tasks.fetch()
    tasks.detect()
    limits = client.get(f"/v1/checks/{answer.json['id']}").json["verdict"]["limits"]
    assert ("taken_from_screen" in [limit["code"] for limit in limits]) is is_limit
