"""The API's own errors, and their shape on the wire: RFC 9457 `application/problem+json`."""

from typing import Any

from flask import Response, json

MEDIA_TYPE = "application/problem+json"


class ApiError(Exception):
    """Root of the errors that a request itself can make.

    Attributes:
        code: stable word for machines.
        status: HTTP status.
        title: what kind of problem this is, the same for each occurrence.
    """

    code = "request_failed"
    status = 400
    title = "The request cannot be answered"


class RequestInvalid(ApiError):
    """The body, a parameter or a header is not what the API expects."""

    code, status, title = "request_invalid", 422, "The request is not valid"


class BodyUnsupported(ApiError):
    """Neither JSON nor a multipart form."""

    code, status, title = "media_type_unsupported", 415, "This kind of body is not understood"


class NotSignedIn(ApiError):
    """No key, or one that is not in force."""

    code, status, title = "key_required", 401, "A key is needed"


class ConnectionRefused(ApiError):
    """Another system's request does not carry what its connection was made with."""

    code, status, title = "connection_refused", 401, "This connection is not known"


class MessageRefused(ApiError):
    """A connection's own message cannot be read, or is too old."""

    code, status, title = "message_refused", 400, "This message is not taken"


class ForeignOrigin(ApiError):
    """A page of another site used this browser's session."""

    code, status, title = "foreign_origin", 403, "The request comes from another site"


class RoleInsufficient(ApiError):
    """The key's role does not open this."""

    code, status, title = "role_insufficient", 403, "This key does not open that"


class TooManyRequests(ApiError):
    """The caller has used up what it may ask in this minute."""

    code, status, title = "too_many_requests", 429, "Too many requests"


class IdempotencyKeyInvalid(ApiError):
    """The key is empty or too long."""

    code, status, title = "idempotency_key_invalid", 422, "The Idempotency-Key cannot be used"


class IdempotencyKeyReused(ApiError):
    """The key came with another request before."""

    code, status, title = "idempotency_key_reused", 409, "The Idempotency-Key was used before"


class IdempotencyKeyRefused(ApiError):
    """The answer of this call holds a secret, and is not kept."""

    code, status, title = "idempotency_key_refused", 422, "This call cannot be repeated"


class RequestInProgress(ApiError):
    """The same request is being answered at this moment."""

    code, status, title = "request_in_progress", 409, "The same request is being answered"


class FormForged(ApiError):
    """A form came without the token of its session."""

    code, status, title = "form_forged", 403, "This form is too old, or not ours"


class CheckNotFound(ApiError):
    """No such check, or it is another tenant's: the two are not told apart."""

    code, status, title = "check_not_found", 404, "No such check"


class BatchNotFound(ApiError):
    """No such batch, or it is another tenant's."""

    code, status, title = "batch_not_found", 404, "No such batch"


class VerdictNotFound(ApiError):
    """This tenant has sent no image with this hash that the live model has judged."""

    code, status, title = "verdict_not_found", 404, "No verdict for this image yet"


class PictureNotFound(ApiError):
    """The link to a picture is wrong or too old, or the picture is no longer kept."""

    code, status, title = "picture_not_found", 404, "No such picture"


def problem(status: int, code: str, title: str, detail: str, **more: Any) -> Response:
    """A problem document. `code` never changes its meaning; `detail` is for people."""
    document = {"type": "about:blank", "title": title, "status": status, "code": code}
    body = json.dumps({**document, "detail": detail, **more})
    return Response(body, status=status, content_type=MEDIA_TYPE)
