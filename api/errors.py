"""The one place where errors become HTTP answers."""

from collections.abc import Callable

import structlog
from flask import Blueprint, Flask, Response, make_response
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from api.problems import ApiError, NotSignedIn, RequestInvalid, problem
from scans.errors import (
    Conflict,
    ConnectionNotFound,
    CoopItemAmbiguous,
    CoopItemUnknown,
    CoopKeyInvalid,
    CoopNotConnected,
    CoopSignatureWrong,
    CursorInvalid,
    DeliveryNotFound,
    DeliveryWaiting,
    ErrandNotFound,
    ErrandWaiting,
    ImageInUse,
    ImageStoreFull,
    ImageStoreUnavailable,
    InvitationUnknown,
    NotAmongYours,
    QueueFull,
    ReviewNotFound,
    ScanError,
    TooManyConnections,
    TooManyWebhooks,
    UrlNotCanonical,
    WebhookDisabled,
    WebhookNotFound,
    WebhookNotStandard,
)

log = structlog.get_logger()

# What a request can meet in the rows: the status, and what kind of problem it is.
ROW_PROBLEMS: dict[type[ScanError], tuple[int, str]] = {
    WebhookNotFound: (404, "No such webhook"),
    DeliveryNotFound: (404, "No such delivery"),
    WebhookDisabled: (409, "The webhook is disabled"),
    DeliveryWaiting: (409, "The delivery has not ended"),
    TooManyWebhooks: (409, "There are too many webhooks"),
    WebhookNotStandard: (409, "The endpoint is another system's"),
    CoopKeyInvalid: (422, "The verification key cannot be used"),
    CoopNotConnected: (409, "Coop is not connected"),
    CoopSignatureWrong: (401, "The signature is wrong"),
    CoopItemUnknown: (404, "No such item"),
    CoopItemAmbiguous: (409, "The item has several images"),
    ConnectionNotFound: (404, "No such connection"),
    ErrandNotFound: (404, "No such errand"),
    ErrandWaiting: (409, "The errand was not given up"),
    TooManyConnections: (409, "There are too many connections"),
}


def register_errors(app: Flask, max_image_bytes: int) -> None:
    """Install the handlers, the particular ones before the general ones."""

    @app.errorhandler(ApiError)
    def answer_api_error(error: ApiError) -> Response:
        response = problem(error.status, error.code, error.title, str(error))
        if isinstance(error, NotSignedIn):
            response.headers["WWW-Authenticate"] = 'Bearer realm="ntf"'
        return response

    @app.errorhandler(UrlNotCanonical)
    def answer_wrong_url(error: UrlNotCanonical) -> Response:
        return problem(422, error.code, "The address cannot be used", str(error))

    @app.errorhandler(NotAmongYours)
    @app.errorhandler(InvitationUnknown)
    def answer_unknown(error: NotAmongYours | InvitationUnknown) -> Response:
        return problem(404, error.code, "Not found", str(error))

    @app.errorhandler(ImageInUse)
    def answer_in_use(error: ImageInUse) -> Response:
        return problem(409, error.code, "The image is being checked", str(error))

    @app.errorhandler(CursorInvalid)
    def answer_wrong_cursor(error: CursorInvalid) -> Response:
        return problem(422, error.code, "The cursor cannot be used", str(error))

    @app.errorhandler(ReviewNotFound)
    def answer_no_review(error: ReviewNotFound) -> Response:
        return problem(404, error.code, "No such review", str(error))

    @app.errorhandler(Conflict)
    def answer_conflict(error: Conflict) -> Response:
        return problem(409, error.code, "Things do not stand that way", str(error))

    @app.errorhandler(QueueFull)
    def answer_later(error: QueueFull) -> Response:
        response = problem(503, error.code, "Too much is waiting", str(error))
        response.headers["Retry-After"] = str(error.after_seconds)
        return response

    @app.errorhandler(ImageStoreFull)
    def answer_no_room(error: ImageStoreFull) -> Response:
        log.error("image_store_full")
        response = problem(
            503, error.code, "Images cannot be taken now", "Nothing was kept; try again later."
        )
        response.headers["Retry-After"] = "30"
        return response

    @app.errorhandler(ImageStoreUnavailable)
    def answer_store_away(error: ImageStoreUnavailable) -> Response:
        response = problem(503, error.code, "The service cannot answer now", str(error))
        response.headers["Retry-After"] = "5"
        return response

    @app.errorhandler(RequestEntityTooLarge)
    def answer_too_large(_: RequestEntityTooLarge) -> Response:
        limit = f"Images of up to {max_image_bytes / 2**20:.0f} MiB are taken. Send a smaller file."
        return problem(413, "too_many_bytes", "The image is too large", limit)

    @app.errorhandler(HTTPException)
    def answer_http_error(error: HTTPException) -> Response:
        status, title = error.code or 500, error.name
        code = title.lower().replace(" ", "_")
        response = problem(status, code, title, error.description or title)
        for name, value in error.get_headers():
            if name.lower() not in {"content-type", "content-length"}:
                response.headers[name] = value
        return response

    @app.errorhandler(OperationalError)
    def answer_database_away(error: OperationalError) -> Response:
        log.error("database_away", reason=str(error.orig))
        response = problem(
            503,
            "database_unavailable",
            "The service cannot answer now",
            "The database does not answer. Nothing was lost; try again in a few seconds.",
        )
        response.headers["Retry-After"] = "5"
        return response

    @app.errorhandler(ScanError)
    def answer_scan_error(error: ScanError) -> Response:
        if type(error) in ROW_PROBLEMS:
            status, title = ROW_PROBLEMS[type(error)]
            return problem(status, error.code, title, str(error))
        log.error("scan_error_reached_the_edge", code=error.code, exc_info=error)
        return problem(500, error.code, "The service failed", "Please try again later.")

    @app.errorhandler(500)
    def answer_our_fault(_: Exception) -> Response:
        # Flask has logged the traceback already.
        return problem(500, "internal_error", "The service failed", "Please try again later.")


def answer_invalid(error: ValidationError) -> Response:
    """What a request that does not fit its model gets, with one line for each field."""
    fields = [
        {"field": ".".join(str(part) for part in line["loc"]) or "body", "reason": line["msg"]}
        for line in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    detail = "; ".join(f"{field['field']}: {field['reason']}" for field in fields)
    return make_response(
        problem(
            RequestInvalid.status, RequestInvalid.code, RequestInvalid.title, detail, fields=fields
        )
    )


def answer_errors_as(routes: Blueprint, write: Callable[[int, str], Response]) -> None:
    """Let the routes of another system answer errors in that system's own form.

    Args:
        write: makes an answer of an HTTP status and a sentence.
    """

    @routes.errorhandler(ApiError)
    def answer_api_error(error: ApiError) -> Response:
        return write(error.status, str(error))

    @routes.errorhandler(UrlNotCanonical)
    def answer_wrong_url(error: UrlNotCanonical) -> Response:
        return write(422, str(error))

    @routes.errorhandler(ImageStoreFull)
    def answer_no_room(_: ImageStoreFull) -> Response:
        log.error("image_store_full")
        return write(503, "Images cannot be taken now. Nothing was kept; try again later.")

    # The two numbers have handlers of the app's, which would come before this one.
    @routes.errorhandler(413)
    @routes.errorhandler(500)
    @routes.errorhandler(HTTPException)
    def answer_http_error(error: HTTPException) -> Response:
        return write(error.code or 500, error.description or error.name)

    @routes.errorhandler(ImageStoreUnavailable)
    def answer_store_away(error: ImageStoreUnavailable) -> Response:
        return write(503, str(error))

    @routes.errorhandler(OperationalError)
    def answer_database_away(error: OperationalError) -> Response:
        log.error("database_away", reason=str(error.orig))
        return write(503, "The service cannot answer now. Nothing was lost; try again.")
