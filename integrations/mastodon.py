"""Mastodon: its webhooks read, its admin API's requests written.

Sources: docs.joinmastodon.org, "Webhooks", `Admin::Report`, `methods/admin/reports` and
`methods/reports`.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

SIGNATURE_HEADER = "X-Hub-Signature"
EVENT = "report.created"
# Mastodon goes on trying for about two days, with the body as it was first.
MAX_AGE = timedelta(days=3)
MAX_AHEAD = timedelta(minutes=5)
MAX_MEDIA = 50
MAX_COMMENT_CHARACTERS = 1000
PICTURE_TYPES = {"image", "gifv"}


class WebhookRefused(Exception):
    """The request is not one that this Mastodon server made now."""


@dataclass(frozen=True, slots=True)
class ReportedPicture:
    """A picture of a reported status."""

    media: str
    url: str
    page_url: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What someone reported, as far as it is about pictures."""

    report_id: str
    reporter_id: str
    target_id: str
    status_ids: tuple[str, ...]
    pictures: tuple[ReportedPicture, ...]


def verify_signature(secret: str, body: bytes, signature: str) -> None:
    """Whether the header is the body's HMAC with SHA-256 under the webhook's secret.

    Raises:
        WebhookRefused: it is not.
    """
    wanted = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
    if not hmac.compare_digest(wanted.encode(), signature.strip().encode()):
        raise WebhookRefused("The signature does not fit this body.")


def read_webhook(body: bytes, now: datetime) -> Report | None:
    """The report that a verified body tells of; None for any other event.

    Raises:
        WebhookRefused: the body is none of Mastodon's, or too old.
    """
    try:
        payload = json.loads(body)
        event, created_at = payload["event"], datetime.fromisoformat(payload["created_at"])
        check_age(created_at, now)
        return read_report(payload["object"]) if event == EVENT else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WebhookRefused("This is not a webhook of Mastodon's.") from error


def check_age(created_at: datetime, now: datetime) -> None:
    """Refuse what was recorded and is sent again.

    Raises:
        WebhookRefused: it is older than Mastodon's own last try, or from the future.
    """
    moment = created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC)
    if moment < now - MAX_AGE or moment > now + MAX_AHEAD:
        raise WebhookRefused("This webhook is too old, or the clocks differ.")


def read_report(report: dict[str, Any]) -> Report:
    """The parts of `Admin::Report` that matter here."""
    statuses = report.get("statuses") or []
    return Report(
        report_id=str(report["id"]),
        reporter_id=str(report["account"]["id"]),
        target_id=str(report["target_account"]["id"]),
        status_ids=tuple(str(status["id"]) for status in statuses),
        pictures=tuple(list_pictures(statuses))[:MAX_MEDIA],
    )


def list_pictures(statuses: Iterable[dict[str, Any]]) -> Iterable[ReportedPicture]:
    """The pictures, by this server's own copy where it has one."""
    for status in statuses:
        for media in status.get("media_attachments") or []:
            url = media.get("url") or media.get("remote_url")
            if media.get("type") in PICTURE_TYPES and url:
                yield ReportedPicture(f"media {media['id']}", url, status.get("url"))


def write_category(rule_id: str) -> dict[str, Any]:
    """The body of `PUT /api/v1/admin/reports/:id`: it breaks this rule of the server's."""
    return {"category": "violation", "rule_ids": [rule_id]}


def write_note(target_id: str, status_ids: Iterable[str], note: str, mark: str) -> dict[str, Any]:
    """The body of `POST /api/v1/reports`. Mastodon's API has no notes; this a moderator sees."""
    room = MAX_COMMENT_CHARACTERS - len(mark) - 2
    return {
        "account_id": target_id,
        "status_ids": list(status_ids),
        "comment": f"{note[:room]}\n\n{mark}",
        "category": "other",
        "forward": False,
    }
