"""What can come instead of an answer."""

import json
from typing import Any

import requests


class NtfClientError(Exception):
    """Root of the errors of this package."""


class ServerAway(NtfClientError):
    """No answer came, at all attempts."""


class StillOpen(NtfClientError):
    """The check had not ended in the time that was given; it goes on at the service."""

    def __init__(self, check_id: str) -> None:
        super().__init__(f"The check {check_id} has not ended yet. Read it later.")
        self.check_id = check_id


class ApiProblem(NtfClientError):
    """The service's problem document (RFC 9457).

    Attributes:
        status: of HTTP.
        code: stable word; `http_503` and its like where something before the service answered.
        retry_after_seconds: how long the service asks to wait, if it does.
        document: all that the service said.
    """

    def __init__(
        self, status: int, document: dict[str, Any], retry_after_seconds: float | None
    ) -> None:
        detail = document.get("detail") or document.get("title")
        super().__init__(str(detail or f"The service answered {status}."))
        self.status = status
        self.code = str(document.get("code") or f"http_{status}")
        self.retry_after_seconds = retry_after_seconds
        self.document = document


def problem_of(response: requests.Response) -> ApiProblem:
    """The problem that an answer of no success holds."""
    try:
        document = response.json()
    except (requests.JSONDecodeError, json.JSONDecodeError):
        document = {}
    asked = response.headers.get("Retry-After", "")
    seconds = float(asked) if asked.isdigit() else None
    return ApiProblem(response.status_code, document if isinstance(document, dict) else {}, seconds)
