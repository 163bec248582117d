"""The headers of a signed webhook (Standard Webhooks 1.0, "Webhook Headers"). Pure rules."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"


def sign_headers(
    secrets: Sequence[str], message_id: str, timestamp_seconds: int, body: bytes
) -> dict[str, str]:
    """The three headers that a receiver verifies.

    One signature for each secret, so that while secrets rotate a receiver may hold either.

    Args:
        timestamp_seconds: of this attempt, since 1970; receivers refuse old ones.
    """
    signed = f"{message_id}.{timestamp_seconds}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_seconds),
        "webhook-signature": " ".join(_sign(secret, signed) for secret in secrets),
    }


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
