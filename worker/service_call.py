"""JSON to and from another system, through the one safe door; its refusals as errors."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from images.safe_call import CallAnswer

Call = Callable[[str, str, Mapping[str, str], bytes | None], CallAnswer]
# What may pass by itself, or when an operator has put a credential right.
_PASSING = {401, 403, 408, 425, 429}


class ServiceRefused(Exception):
    """The other system said no.

    Attributes:
        error: the word for it in the answer, where there is one.
        retryable: whether the same call may succeed later.
    """

    def __init__(self, answer: CallAnswer) -> None:
        super().__init__(f"the other system answered {answer.status}")
        self.status = answer.status
        self.retry_after_seconds = answer.retry_after_seconds
        self.retryable = answer.status >= 500 or answer.status in _PASSING
        self.error = read_error_word(answer.body)


def call_json(
    call: Call,
    method: str,
    url: str,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """The JSON that the other system answers with.

    Raises:
        ServiceRefused: its status is not 2xx, or it is not JSON.
        FetchError: it cannot be had (`images/safe_call.py`).
    """
    own = {"Accept": "application/json", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    answer = call(method, url, {**own, **(headers or {})}, content)
    if not 200 <= answer.status < 300:
        raise ServiceRefused(answer)
    try:
        return json.loads(answer.body)
    except ValueError as error:
        raise ServiceRefused(answer) from error


def read_error_word(body: bytes) -> str | None:
    """What XRPC and Mastodon call `error`."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    word = found.get("error") if isinstance(found, dict) else None
    return word if isinstance(word, str) else None
