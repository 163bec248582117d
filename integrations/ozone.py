"""Bluesky's Ozone: diverted blobs read, moderation events written.

Sources: the lexicons `tools.ozone.moderation.emitEvent` and `com.atproto.server.createSession`, and
the blob diverter of `@atproto/ozone` 0.1.169.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.finding import Finding, describe_all, has_flagged

TAG_LIKELY_AI, TAG_NOT_CHECKED = "ntf-likely-ai", "ntf-not-checked"
DUPLICATE = "DuplicateExternalId"
# CIDv1, the codec `raw`, SHA-256 of 32 bytes: https://atproto.com/specs/blob
_CID_PREFIX = bytes([0x01, 0x55, 0x12, 0x20])


@dataclass(frozen=True, slots=True)
class Subject:
    """What a blob belongs to: a record, or an account (`uri` and `cid` are None)."""

    did: str
    uri: str | None = None
    cid: str | None = None


def cid_of_blob(content: bytes) -> str:
    """The name of a blob in the AT protocol."""
    digest = _CID_PREFIX + hashlib.sha256(content).digest()
    return "b" + base64.b32encode(digest).decode().lower().rstrip("=")


def choose_tag(findings: Sequence[Finding], *, tells_failures: bool) -> str | None:
    """The tag that the findings call for, if any."""
    if has_flagged(findings):
        return TAG_LIKELY_AI
    if tells_failures and any(finding.label is None for finding in findings):
        return TAG_NOT_CHECKED
    return None


def write_tag_event(
    tag: str,
    subject: Subject,
    blob_cids: Sequence[str],
    findings: Sequence[Finding],
    *,
    created_by: str,
    external_id: str,
) -> dict[str, Any]:
    """The body of `emitEvent`. Sent again under its `externalId`, it counts once.

    Of an account no blobs are named: Ozone refuses them there.
    """
    blobs: list[str] = []
    if subject.uri and subject.cid:
        blobs = list(blob_cids)
        about = {
            "$type": "com.atproto.repo.strongRef",
            "uri": subject.uri,
            "cid": subject.cid,
        }
    else:
        about = {"$type": "com.atproto.admin.defs#repoRef", "did": subject.did}
    return {
        "event": {
            "$type": "tools.ozone.moderation.defs#modEventTag",
            "add": [tag],
            "remove": [],
            "comment": describe_all(findings),
        },
        "subject": about,
        "subjectBlobCids": blobs,
        "createdBy": created_by,
        "externalId": external_id,
        "modTool": {"name": "ntf"},
    }
