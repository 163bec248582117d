"""`Idempotency-Key` on the POSTs under `/v1`: a repeated request gets the first one's answer.

Only answers of success are kept. A request that was refused changed nothing, and may be put right
and sent again under the same key.
"""

import hashlib
import re
from uuid import UUID

from flask import Flask, Response, g, request
from werkzeug.routing import Rule

from api.authentication import require_holder
from api.problems import (
    IdempotencyKeyInvalid,
    IdempotencyKeyRefused,
    IdempotencyKeyReused,
    RequestInProgress,
)
from api.services import services
from scans.idempotent_answers import Turn, find_answer, give_up_key, keep_answer, take_key

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("Content-Type", "Location", "Retry-After", "Preference-Applied")
MAX_KEY_CHARACTERS = 255
# Their answers hold a secret of which nothing but a hash is kept.
SHOWN_ONCE_PATHS = {
    "/v1/keys",
    "/v1/keys/{key_id}/rotate",
    "/v1/invitations",
    "/v1/invitations/{token}/accept",
    "/v1/webhooks",
    "/v1/webhooks/{webhook_id}/rotate",
}


def answer_repetitions(app: Flask) -> None:
    """Stand around every request: answer a repetition, keep the answer of a first one."""

    @app.before_request
    def begin() -> Response | None:
        g.idempotent_turn = None
        if request.method != "POST" or not request.path.startswith("/v1/"):
            return None
        if HEADER not in request.headers:
            return None
        if document_path(request.url_rule) in SHOWN_ONCE_PATHS:
            raise IdempotencyKeyRefused(
                "What this call answers is shown once and not kept. Send it without "
                "Idempotency-Key; if no answer comes, look at the list of what there is."
            )
        return take_turn_or_repeat()

    @app.after_request
    def end(response: Response) -> Response:
        turn: Turn | None = g.get("idempotent_turn")
        if turn is not None:
            settle_turn(turn, response)
        return response


def take_turn_or_repeat() -> Response | None:
    """None where this request is the first with its key, and is to be carried out.

    Raises:
        IdempotencyKeyInvalid, IdempotencyKeyReused, RequestInProgress: see the problem.
    """
    holder = require_holder()
    key = read_key()
    request_sha256 = hash_request(holder.key_id)
    with services().sessions.begin() as session:
        g.idempotent_turn = take_key(session, holder.tenant_id, key, request_sha256)
        if g.idempotent_turn is not None:
            return None
        kept = find_answer(session, holder.tenant_id, key)
    if kept is None or (kept.request_sha256 == request_sha256 and kept.status is None):
        raise RequestInProgress("Ask again in a moment for its answer.")
    if kept.request_sha256 != request_sha256:
        raise IdempotencyKeyReused("Another request came with this key. Take a new key for each.")
    response = Response(kept.body, kept.status, kept.headers)
    response.headers[REPLAYED] = "true"
    return response


def document_path(rule: Rule | None) -> str:
    """A route's path as the OpenAPI file writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) if rule else ""


def read_key() -> str:
    """The key, with or without the quotes of a structured field (RFC 8941, section 3.3.3).

    Raises:
        IdempotencyKeyInvalid: nothing is left of it, or too much.
    """
    key = request.headers[HEADER].strip().removeprefix('"').removesuffix('"')
    if not 1 <= len(key) <= MAX_KEY_CHARACTERS:
        raise IdempotencyKeyInvalid(f"Give 1 to {MAX_KEY_CHARACTERS} characters, such as a UUID.")
    return key


def hash_request(key_id: UUID) -> str:
    """What makes two requests the same: who asks, for what, with which body.

    Of a form its fields and files count, since each sending has another boundary between them.
    """
    digest = hashlib.sha256(f"{key_id} {request.full_path}\n".encode())
    if request.mimetype != "multipart/form-data":
        digest.update(f"{request.mimetype}\n".encode() + request.get_data())
        return digest.hexdigest()
    for name, value in sorted(request.form.items(multi=True)):
        digest.update(repr((name, value)).encode())
    for name, file in sorted(request.files.items(multi=True), key=lambda item: item[0]):
        content = hashlib.sha256(file.stream.read()).hexdigest()
        file.stream.seek(0)
        digest.update(repr((name, content)).encode())
    return digest.hexdigest()


def settle_turn(turn: Turn, response: Response) -> None:
    """Keep an answer of success; give the key up after any other."""
    with services().sessions.begin() as session:
        if not 200 <= response.status_code < 300:
            give_up_key(session, turn)
            return
        headers = {
            name: response.headers[name] for name in KEPT_HEADERS if name in response.headers
        }
        keep_answer(
            session,
            turn,
            status=response.status_code,
            headers=headers,
            body=response.get_data(),
        )
