"""Signatures, seals and delays of webhooks."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from scans.errors import WebhookSecretUnreadable
from scans.webhook_secrets import SecretBox, make_secret
from scans.webhook_signature import sign_headers
from worker.deliver_webhook import ATTEMPTS_CAP, DELAYS_SECONDS, plan_delay

HOUR = 3600


def test_the_specification_s_own_example() -> None:
    headers = sign_headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(body=st.text(), message_id=st.from_regex(r"msg_[0-9a-f]{32}", fullmatch=True))
def test_the_reference_takes_ours_and_no_changed_body(body: str, message_id: str) -> None:
    old, new = make_secret(), make_secret()
    headers = sign_headers([new, old], message_id, int(time.time()), body.encode())
    for secret in (old, new):
        Webhook(secret).verify(body.encode(), headers, json_parse=False)
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body.encode() + b".", headers, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(make_secret()).verify(body.encode(), headers, json_parse=False)


def test_an_old_timestamp_is_no_longer_taken() -> None:
    secret = make_secret()
    headers = sign_headers([secret], "msg_a", int(time.time()) - HOUR, b"{}")
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b"{}", headers)


def test_secrets_are_long_enough_and_differ() -> None:
    one, other = make_secret(), make_secret()
    assert one != other
    assert 24 <= len(base64.b64decode(one.removeprefix("whsec_"))) <= 64


def test_a_seal_opens_under_its_own_key_alone() -> None:
    box = SecretBox("a secret key of thirty-two letters")
    sealed = box.seal("whsec_abc")
    assert box.open(sealed) == "whsec_abc"
    with pytest.raises(WebhookSecretUnreadable):
        SecretBox("another secret key of many letters").open(sealed)


def test_ten_attempts_take_three_days_and_each_waits_longer() -> None:
    assert ATTEMPTS_CAP == 10
    for drawn in (0.0, 1.0):
        delays = [plan_delay(attempt, drawn) for attempt in range(1, ATTEMPTS_CAP)]
        assert delays == sorted(delays)
        assert 2.8 * 24 * HOUR < sum(delays) < 3.5 * 24 * HOUR
    assert plan_delay(1, 0.0) < DELAYS_SECONDS[0] < plan_delay(1, 1.0)
