"""The languages of other systems: what is read and written, without any server."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from integrations import mastodon, matrix, ozone
from integrations.finding import Finding, describe_all
from integrations.hive import HiveMedia, write_task

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LIKELY = Finding("media 1", "c1", "likely_ai", 0.93, is_flagged=True)
FILE = {"msgtype": "m.file", "url": "mxc://a.example/x"}
FAILED = Finding("media 2", "c2", failure="image_gone")


def test_a_note_says_what_was_found_and_what_it_is_worth() -> None:
    reversed_ = Finding("media 3", "c3", "likely_ai", 0.9, says="real")
    assert describe_all([LIKELY, FAILED, reversed_]).splitlines() == [
        "media 1: likely AI-made, score 0.93 (check c1)",
        "media 2: not checked (image_gone)",
        "media 3: likely AI-made, score 0.90; people decided: real (check c3)",
        "It advises; a person decides.",
    ]


def test_a_task_without_a_score_has_no_classes() -> None:
    done = write_task(
        "1", "now", HiveMedia(), score=None, message="NOT_ASSESSABLE", model_version="m"
    )
    assert done["status"][0]["response"]["output"] == []


def write_webhook(created_at: str = "2026-11-24T11:59:00.000Z", **report: object) -> bytes:
    whole = {"id": 7, "account": {"id": 1}, "target_account": {"id": 2}, "statuses": [], **report}
    event = {"event": "report.created", "created_at": created_at, "object": whole}
    return json.dumps(event).encode()


def test_the_pictures_of_all_statuses_are_read_and_no_more_than_fifty() -> None:
    picture = {"id": 9, "type": "image", "url": "https://a.example/9.png"}
    film = {"id": 8, "type": "video", "url": "https://a.example/8.mp4"}
    gone = {"id": 6, "type": "image", "url": None, "remote_url": "https://b.example/6.png"}
    statuses = [{"id": 5, "url": "https://a.example/5", "media_attachments": [picture, film, gone]}]
    report = mastodon.read_webhook(write_webhook(statuses=statuses), NOW)
    assert report is not None
    assert [one.url for one in report.pictures] == [picture["url"], gone["remote_url"]]
    many = [{"id": 5, "url": None, "media_attachments": [picture] * 60}]
    report = mastodon.read_webhook(write_webhook(statuses=many), NOW)
    assert report is not None
    assert len(report.pictures) == mastodon.MAX_MEDIA


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"event": "report.created"}',
        b'{"event": "report.created", "created_at": 3, "object": {}}',
        b'{"event": "report.created", "created_at": "2026-11-24T11:59:00Z", "object": []}',
        b'{"event": "report.created", "created_at": "2026-11-24T11:59:00Z", "object": {"id": 1}}',
        write_webhook(statuses=[3]),
        write_webhook("2026-11-20T11:59:00Z"),
        write_webhook("2026-11-24T12:06:00Z"),
    ],
)
def test_what_is_no_webhook_of_now_is_refused(body: bytes) -> None:
    with pytest.raises(mastodon.WebhookRefused):
        mastodon.read_webhook(body, NOW)


def test_mastodons_own_last_try_is_still_taken() -> None:
    at = (NOW - timedelta(days=2, hours=20)).isoformat()
    assert mastodon.read_webhook(write_webhook(at), NOW) is not None


@pytest.mark.parametrize("given", ["", "sha256=", "sha1=00", "sha256=ä"])
def test_a_signature_must_be_the_bodys(given: str) -> None:
    body = b"{}"
    good = f"sha256={hmac.new(b'secret', body, hashlib.sha256).hexdigest()}"
    mastodon.verify_signature("secret", body, good)
    with pytest.raises(mastodon.WebhookRefused):
        mastodon.verify_signature("secret", body, given)


def test_a_long_note_keeps_its_mark() -> None:
    note = mastodon.write_note("2", ["5"], "x" * 5000, "[NTF 1]")
    assert len(note["comment"]) == mastodon.MAX_COMMENT_CHARACTERS
    assert note["comment"].endswith("\n\n[NTF 1]")


@pytest.mark.parametrize(
    ("changes", "is_read"),
    [
        ({}, True),
        ({"type": "m.sticker", "content": {"url": "mxc://a.example/x"}}, True),
        ({"content": {"msgtype": "m.text", "body": "hi"}}, False),
        ({"content": {"msgtype": "m.image", "file": {"url": "mxc://a.example/x"}}}, False),
        ({"content": {"msgtype": "m.image", "url": "mxc://a.example/../x"}}, False),
        ({"content": {"msgtype": "m.image", "url": "https://a.example/x"}}, False),
        ({"content": {**FILE, "info": {"mimetype": "image/png"}}}, True),
        ({"content": {**FILE, "info": 3}}, False),
        ({"content": "none"}, False),
        ({"event_id": 3}, False),
        ({"type": "m.room.encrypted"}, False),
    ],
)
def test_pictures_in_events_are_found(changes: dict[str, object], is_read: bool) -> None:
    event: dict[str, object] = {
        "event_id": "$e",
        "room_id": "!r:a.example",
        "type": "m.room.message",
        "content": {"msgtype": "m.image", "url": "mxc://a.example/x"},
    }
    assert (matrix.read_picture(event | changes) is not None) is is_read


def test_media_are_asked_for_at_the_path_for_signed_in_users() -> None:
    path = matrix.download_path("mxc://a.example:8448/x_1")
    assert path == "/_matrix/client/v1/media/download/a.example:8448/x_1"
    with pytest.raises(ValueError, match="mxc"):
        matrix.download_path("mxc://a/b/c")


def test_a_blob_has_the_name_that_the_protocol_gives_it() -> None:
    """The CID of an empty raw block is a known one."""
    empty = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    assert ozone.cid_of_blob(b"") == empty


def test_a_tag_is_chosen_by_what_was_found() -> None:
    clean = Finding("blob", "c", "no_evidence", 0.02)
    assert ozone.choose_tag([clean, LIKELY], tells_failures=False) == ozone.TAG_LIKELY_AI
    assert ozone.choose_tag([clean], tells_failures=True) is None
    assert ozone.choose_tag([FAILED], tells_failures=False) is None
    assert ozone.choose_tag([FAILED], tells_failures=True) == ozone.TAG_NOT_CHECKED
