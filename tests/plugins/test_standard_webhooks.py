"""Our webhooks, as they leave a worker, under both reference libraries: PyPI's and npm's."""

from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from scans.webhook_secrets import make_secret
from scans.webhook_signature import sign_headers
from tests.plugins.conftest import Node

pytestmark = pytest.mark.integrations
BODY = (
    '{"type":"check.done","timestamp":"2026-11-24T12:00:00Z","data":{"url":"https://ü.example/"}}'
)
MINUTE_SECONDS = 60


def signed(secrets: list[str], now_seconds: float) -> dict[str, str]:
    return sign_headers(secrets, "msg_1", int(now_seconds), BODY.encode())


@pytest.fixture
def now_seconds() -> float:
    from datetime import UTC, datetime

    return datetime.now(UTC).timestamp()


def verify_by_npm(node: Node, secret: str, headers: dict[str, str], body: str = BODY) -> Any:
    return node.run("verify_webhook.mjs", {"secret": secret, "headers": headers, "body": body})


def test_both_libraries_take_it_and_during_a_rotation_by_either_secret(
    node: Node, now_seconds: float
) -> None:
    new, old = make_secret(), make_secret()
    headers = signed([new, old], now_seconds)
    for secret in (new, old):
        expected = Webhook(secret).verify(BODY, headers)
        assert verify_by_npm(node, secret, headers)["value"] == expected
        assert expected["type"] == "check.done"


def test_both_libraries_refuse_another_secret_another_body_and_an_old_timestamp(
    node: Node, now_seconds: float
) -> None:
    secret, others = make_secret(), make_secret()
    old = signed([secret], now_seconds - 6 * MINUTE_SECONDS)
    early = signed([secret], now_seconds + 6 * MINUTE_SECONDS)
    fresh = signed([secret], now_seconds)
    refused = [
        (others, fresh, BODY),
        (secret, fresh, BODY + " "),
        (secret, old, BODY),
        (secret, early, BODY),
    ]
    for key, headers, body in refused:
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body, headers)
        assert (
            verify_by_npm(node, key, headers, body)["thrown"]["name"] == "WebhookVerificationError"
        )
