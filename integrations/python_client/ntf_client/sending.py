"""Requests that are sent again where that may help.

The same `Idempotency-Key` goes with all attempts of a POST, so that a lost answer does not make a
second check, batch or webhook.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import requests

from ntf_client.problems import ServerAway, problem_of

IDEMPOTENCY_KEY = "Idempotency-Key"
PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
IN_PROGRESS = "request_in_progress"  # an earlier attempt is still being answered


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, and how long between.

    Attributes:
        attempts: of one request, the first among them.
        first_delay_seconds: doubles with each further attempt; half of it is drawn by lot.
        max_delay_seconds: the longest wait. Asked by the service for a longer one, we give up.
        timeout_seconds: of one attempt, for the connection and for each wait for bytes.
    """

    attempts: int = 4
    first_delay_seconds: float = 0.5
    max_delay_seconds: float = 20.0
    timeout_seconds: float = 30.0


class Sender:
    """Sends requests with a key to one service. Safe to use from one thread at a time."""

    def __init__(
        self,
        address: str,
        key: str,
        retries: Retries,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address.rstrip("/")
        self._retries = retries
        self._sleep = sleep
        self._session = requests.Session()
        # A key says who asks; what stands in ~/.netrc must not replace it.
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {key}"

    def close(self) -> None:
        """Let the connections go."""
        self._session.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        **content: Any,
    ) -> Any:
        """The JSON of the answer; None where it has none.

        Args:
            content: `json`, `params`, `data` or `files`, as `requests` takes them; files as bytes.

        Raises:
            ApiProblem: the service answered, but not with success.
            ServerAway: nothing answered, at all attempts.
        """
        sent = dict(headers or {})
        if method == "POST":
            sent[IDEMPOTENCY_KEY] = idempotency_key or str(uuid4())
        for attempt in range(1, self._retries.attempts + 1):
            is_last = attempt == self._retries.attempts
            try:
                response = self._session.request(
                    method,
                    self._address + path,
                    headers=sent,
                    timeout=self._retries.timeout_seconds,
                    allow_redirects=False,
                    **content,
                )
            except (requests.ConnectionError, requests.Timeout) as error:
                if is_last:
                    raise ServerAway(f"{self._address} does not answer: {error}") from error
                self._sleep(self._plan_delay(attempt))
                continue
            if response.ok and not response.is_redirect:
                return response.json() if response.content else None
            problem = problem_of(response)
            asked = problem.retry_after_seconds or 0.0
            is_passing = problem.status in PASSING_STATUSES or problem.code == IN_PROGRESS
            if is_last or not is_passing or asked > self._retries.max_delay_seconds:
                raise problem
            self._sleep(max(asked, self._plan_delay(attempt)))
        raise AssertionError("the last attempt returns or raises")

    def _plan_delay(self, attempt: int) -> float:
        longest = self._retries.first_delay_seconds * 2.0 ** (attempt - 1)
        drawn = 0.5 + random.random() / 2  # noqa: S311  # spreads callers, hides nothing
        return min(longest, self._retries.max_delay_seconds) * drawn
