"""Brings one event to one endpoint: write and sign, send, heed the answer.

Everything it needs is passed in. It never undoes what it tells of.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session, sessionmaker

from images.errors import (
    CertificateRejected,
    FetchError,
    FetchFailed,
    FetchTimedOut,
    UrlRejected,
)
from images.safe_post import PostAnswer
from scans.coop_messages import write_message
from scans.errors import WebhookSecretUnreadable
from scans.webhook_deliveries import (
    DeliveryClaim,
    disable_endpoint_of,
    end_dead,
    end_delivered,
    try_later,
)
from scans.webhook_secrets import SecretBox
from scans.webhook_signature import sign_headers
from scans.webhooks import DISABLED_BY_RECEIVER

MINUTE, HOUR = 60.0, 3600.0
# Between ten attempts; the plan that Standard Webhooks proposes, a little over three days.
DELAYS_SECONDS = (
    5.0,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
ATTEMPTS_CAP = len(DELAYS_SECONDS) + 1
JITTER = 0.1  # of each delay, either way: what failed together does not come back together
GONE = 410
ERROR_WORDS: dict[type[FetchError], str] = {
    UrlRejected: "url_rejected",
    FetchTimedOut: "timed_out",
    FetchFailed: "connection_failed",
    CertificateRejected: "certificate_rejected",
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DeliverTools:
    """What a delivery needs: the rows, the secrets' box, the door out, a clock and a die.

    Attributes:
        now_seconds: since 1970.
        draw: a number from 0 to 1.
    """

    sessions: sessionmaker[Session]
    box: SecretBox
    post: Callable[[str, Mapping[str, str], bytes], PostAnswer]
    now_seconds: Callable[[], float]
    draw: Callable[[], float]


def deliver_webhook(claim: DeliveryClaim, tools: DeliverTools) -> None:
    """Make one attempt of one claimed delivery, and note how it went.

    Raises:
        LeaseLost: another worker holds the delivery now.
    """
    if claim.is_disabled:
        bury(claim, tools, "endpoint_disabled")
    elif claim.attempt > ATTEMPTS_CAP:  # workers died on the last of its attempts
        bury(claim, tools, "gave_up")
    else:
        attempt(claim, tools)


def attempt(claim: DeliveryClaim, tools: DeliverTools) -> None:
    """Write it as its receiver takes it, and send."""
    try:
        secrets = [tools.box.open(sealed) for sealed in claim.sealed_secrets]
        if claim.shape == "standard":
            answer = post_signed(claim, secrets, tools)
        else:
            message = write_message(
                claim.url, secrets[0], claim.shape, claim.options, claim.payload
            )
            answer = tools.post(message.url, message.headers, message.body)
    except WebhookSecretUnreadable:
        fail(claim, tools, "secret_unreadable")
    except UrlRejected:  # its address is not asked again: nothing passes by itself there
        bury(claim, tools, "url_rejected")
    except FetchError as error:
        fail(claim, tools, ERROR_WORDS.get(type(error), "bad_answer"))
    else:
        heed(claim, tools, answer)


def post_signed(claim: DeliveryClaim, secrets: list[str], tools: DeliverTools) -> PostAnswer:
    """By Standard Webhooks: each secret signs."""
    body = json.dumps(claim.payload, ensure_ascii=False, separators=(",", ":")).encode()
    headers = sign_headers(secrets, claim.event_id, int(tools.now_seconds()), body)
    return tools.post(claim.url, headers | {"Content-Type": "application/json"}, body)


def heed(claim: DeliveryClaim, tools: DeliverTools, answer: PostAnswer) -> None:
    """Any 2xx says that the receiver has it; 410, that it wants nothing more."""
    if 200 <= answer.status < 300:
        with tools.sessions.begin() as session:
            end_delivered(session, claim, answer.status)
        log.info("webhook_delivered", attempt=claim.attempt)
    elif answer.status == GONE:
        bury(claim, tools, "endpoint_gone", answer.status)
    else:
        error = "redirected" if 300 <= answer.status < 400 else "refused"
        fail(claim, tools, error, answer)


def fail(
    claim: DeliveryClaim, tools: DeliverTools, error: str, answer: PostAnswer | None = None
) -> None:
    """Another attempt while there are any; else the delivery is dead."""
    status = answer.status if answer else None
    if claim.attempt >= ATTEMPTS_CAP:
        bury(claim, tools, error, status)
        return
    asked_seconds = (answer.retry_after_seconds if answer else None) or 0.0
    delay_seconds = max(asked_seconds, plan_delay(claim.attempt, tools.draw()))
    with tools.sessions.begin() as session:
        try_later(session, claim, error, status, delay_seconds)
    log.info("webhook_failed", error=error, status=status, attempt=claim.attempt)


def bury(claim: DeliveryClaim, tools: DeliverTools, error: str, status: int | None = None) -> None:
    """Give the delivery up, and with 410 its endpoint, in one transaction."""
    with tools.sessions.begin() as session:
        end_dead(session, claim, error, status)
        if status == GONE:
            disable_endpoint_of(session, claim, DISABLED_BY_RECEIVER)
    log.warning("webhook_dead", error=error, status=status, attempt=claim.attempt)


def plan_delay(attempt: int, drawn: float) -> float:
    """Seconds from this attempt (counted from 1) to the next; `drawn` is from 0 to 1."""
    return DELAYS_SECONDS[attempt - 1] * (1 + JITTER * (2 * drawn - 1))
