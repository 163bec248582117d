"""A name for each request, in its answer, in its log lines and in those of the check's worker."""

import re
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

HEADER = "X-Request-Id"
# A caller's own name is kept where it cannot break a log or a row.
ALLOWED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def name_requests(app: Flask) -> None:
    """Give each request the name that its caller or a proxy gave it, or a new one."""

    @app.before_request
    def choose_name() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if ALLOWED.fullmatch(given) else uuid4().hex
        # A thread serves one request after the other: nothing of the last one may stay.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def tell_name(response: Response) -> Response:
        if "request_id" in g:
            response.headers[HEADER] = g.request_id
        return response


def request_id() -> str:
    """The name of the request that is being answered."""
    name: str = g.request_id
    return name
