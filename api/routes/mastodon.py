"""The receiver of Mastodon's webhooks: a new report's pictures are checked at once."""

from datetime import UTC, datetime
from uuid import UUID

import structlog
from flask import Blueprint, Response, request

from api.connection_auth import spend_call
from api.problems import ConnectionRefused, MessageRefused
from api.request_check import request_check_of_url
from api.request_ids import request_id
from api.services import services
from integrations import mastodon
from scans.connections import find_signing_connection, open_secrets
from scans.errands import add_check, create_errand, find_errand
from scans.errors import UrlNotCanonical
from scans.integration_tables import Connection

routes = Blueprint("mastodon", __name__)
log = structlog.get_logger()


@routes.post("/integrations/mastodon/<uuid:connection_id>")
def take_webhook(connection_id: UUID) -> Response:
    """204 for what is taken or does not matter to us; Mastodon tries again after 401 and 5xx."""
    connection = verify_sender(connection_id)
    try:
        report = mastodon.read_webhook(request.get_data(), datetime.now(UTC))
    except mastodon.WebhookRefused as error:
        raise MessageRefused(str(error)) from error
    if report is not None and report.pictures:
        spend_call(connection)
        take_report(connection, report)
    return Response(status=204)


def verify_sender(connection_id: UUID) -> Connection:
    """The connection, if it signed this request.

    Raises:
        ConnectionRefused: there is none, or it did not.
    """
    with services().sessions.begin() as session:
        connection = find_signing_connection(session, "mastodon", connection_id)
    if connection is None:
        raise ConnectionRefused("There is no such connection.")
    secret = open_secrets(connection, services().secret_box)["webhook_secret"]
    signature = request.headers.get(mastodon.SIGNATURE_HEADER, "")
    try:
        mastodon.verify_signature(secret, request.get_data(), signature)
    except mastodon.WebhookRefused as error:
        raise ConnectionRefused(str(error)) from error
    return connection


def take_report(connection: Connection, report: mastodon.Report) -> None:
    """A check for each picture, then the errand that waits for them: once for each report."""
    external_id = f"report:{report.report_id}"
    with services().sessions.begin() as session:
        if find_errand(session, connection.id, external_id) is not None:
            return
    checks = [(picture.media, ask(connection, picture)) for picture in report.pictures]
    details = {
        "report_id": report.report_id,
        "reporter_id": report.reporter_id,
        "target_id": report.target_id,
        "status_ids": list(report.status_ids),
    }
    with services().sessions.begin() as session:
        errand_id, is_new = create_errand(session, connection.id, external_id, details)
        for media, check_id in checks:
            if is_new and check_id is not None:
                add_check(session, errand_id, check_id, media)
    log.info("report_taken", errand_id=str(errand_id), pictures=len(checks))


def ask(connection: Connection, picture: mastodon.ReportedPicture) -> UUID | None:
    """The check of one picture; None where its address is none that can be fetched."""
    waker = services().waker
    try:
        return request_check_of_url(
            picture.url,
            picture.page_url,
            connection.tenant_id,
            sessions=services().sessions,
            wake=lambda: waker.wake("fetch"),
            fresh_seconds=services().settings.url_verdict_fresh_seconds,
            request_id=request_id(),
        ).id
    except UrlNotCanonical:
        return None
