"""Does what another system asked for, when the checks of it have ended: tell it, in its own way.

Everything it needs is passed in. It never undoes what it tells of.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session, sessionmaker

from images.errors import FetchError, UrlRejected
from integrations.finding import Finding
from scans.connections import open_secrets
from scans.errands import ErrandClaim, end_dead, end_done, list_checks_of, try_later
from scans.errors import ImageStoreUnavailable, WebhookSecretUnreadable
from scans.flags import find_sayings, is_flagged
from scans.image_store import ImageStore
from scans.integration_tables import ErrandCheck
from scans.reviews import open_review
from scans.webhook_secrets import SecretBox
from worker.deliver_webhook import ATTEMPTS_CAP, plan_delay
from worker.fetch_matrix_media import fetch_matrix_media
from worker.service_call import Call, ServiceRefused
from worker.tell_mastodon import tell_mastodon
from worker.tell_ozone import OzoneSessions, tell_ozone

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ErrandTools:
    """What errands need: the rows, the store, the secrets' box, the door out, and a die.

    Attributes:
        draw: a number from 0 to 1.
    """

    sessions: sessionmaker[Session]
    store: ImageStore
    box: SecretBox
    call: Call
    wake_fetch: Callable[[], None]
    ozone: OzoneSessions
    draw: Callable[[], float]


def run_errand(claim: ErrandClaim, tools: ErrandTools) -> None:
    """Make one attempt of one claimed errand, and note how it went.

    Raises:
        LeaseLost: another worker holds the errand now.
    """
    if claim.attempt > ATTEMPTS_CAP:  # workers died on the last of its attempts
        bury(claim, tools, "gave_up", None)
        return
    try:
        is_done = attempt(claim, tools)
    except WebhookSecretUnreadable:
        fail(claim, tools, "secret_unreadable")
    except UrlRejected:
        bury(claim, tools, "url_rejected", None)
    except (FetchError, ImageStoreUnavailable) as error:
        fail(claim, tools, error.code)
    except ServiceRefused as refused:
        if refused.retryable:
            fail(claim, tools, "refused", refused.status, refused.retry_after_seconds)
        else:
            bury(claim, tools, refused.error or "refused", refused.status)
    except (KeyError, TypeError):
        # The other system answers with JSON that is not what it documents.
        fail(claim, tools, "answer_not_understood")
    else:
        if is_done:
            finish(claim, tools)
            log.info("errand_done", attempt=claim.attempt)


def attempt(claim: ErrandClaim, tools: ErrandTools) -> bool:
    """Whether the errand is done; a picture that was only now had waits for its check."""
    secrets = open_secrets(claim.connection, tools.box)
    with tools.sessions.begin() as session:
        findings = read_findings(session, claim)
    if claim.kind == "matrix" and not findings:
        fetch_matrix_media(
            claim,
            secrets["access_token"],
            tools.call,
            sessions=tools.sessions,
            store=tools.store,
            wake=tools.wake_fetch,
        )
        return False
    if claim.kind == "mastodon":
        tell_mastodon(claim, findings, secrets["access_token"], tools.call)
    if claim.kind == "ozone":
        tell_ozone(claim, findings, secrets["app_password"], tools.ozone, tools.call)
    return True


def finish(claim: ErrandClaim, tools: ErrandTools) -> None:
    """The errand is done, and people are asked about what is likely AI-made: in one transaction.

    Raises:
        LeaseLost: as for `run_errand`.
    """
    with tools.sessions.begin() as session:
        for row in list_checks_of(session, claim.errand_id):
            check = row.check
            if check.verdict and check.image and check.verdict.label == "likely_ai":
                open_review(session, claim.tenant_id, check.id, check.image, "flagged")
        end_done(session, claim)


def read_findings(session: Session, claim: ErrandClaim) -> list[Finding]:
    """The checks of an errand, which have ended, in the few words that other systems take."""
    rows = list_checks_of(session, claim.errand_id)
    said = find_sayings(session, claim.tenant_id, [row.check for row in rows])
    return [read_finding(row, said.get(row.check_id)) for row in rows]


def read_finding(row: ErrandCheck, says: str | None) -> Finding:
    """One of them."""
    check, verdict = row.check, row.check.verdict
    if verdict is None:
        return Finding(row.media, str(check.id), failure=check.error_code or "failed")
    return Finding(
        row.media,
        str(check.id),
        verdict.label,
        verdict.score,
        is_flagged=is_flagged(verdict.label, says),
        says=says,
    )


def fail(
    claim: ErrandClaim,
    tools: ErrandTools,
    error: str,
    status: int | None = None,
    asked_seconds: float | None = None,
) -> None:
    """Another attempt while there are any; else the errand is dead."""
    if claim.attempt >= ATTEMPTS_CAP:
        bury(claim, tools, error, status)
        return
    delay_seconds = max(asked_seconds or 0.0, plan_delay(claim.attempt, tools.draw()))
    with tools.sessions.begin() as session:
        try_later(session, claim, error, status, delay_seconds)
    log.info("errand_failed", error=error, status=status, attempt=claim.attempt)


def bury(claim: ErrandClaim, tools: ErrandTools, error: str, status: int | None) -> None:
    """Give the errand up; its tenant can replay it."""
    with tools.sessions.begin() as session:
        end_dead(session, claim, error, status)
    log.warning("errand_dead", error=error, status=status, attempt=claim.attempt)
