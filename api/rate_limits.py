"""Rate limits at the edge: by key for calls, by address for whoever tries keys and links.

Answers carry `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds), as in
draft-ietf-httpapi-ratelimit-headers-06, and 429 also `Retry-After` (RFC 9110, section 10.2.3).
"""

from flask import Response, g, request

from api.problems import TooManyRequests
from api.services import services
from scans.keys import KeyHolder
from scans.rate_limits import Budget

FAILED_TRIES_PER_MINUTE = 10


def spend_request(holder: KeyHolder) -> None:
    """Count a call of this key.

    Raises:
        TooManyRequests: it has none left in this minute.
    """
    settings = services().settings
    is_reader = holder.role == "reader"
    limit = settings.reader_requests_per_minute if is_reader else settings.requests_per_minute
    g.budget = services().rate_limits.spend(f"key:{holder.key_id}", limit)
    if g.budget is not None and g.budget.is_spent:
        raise TooManyRequests(
            f"This key may ask {limit} times a minute. Ask again in {g.budget.reset_seconds} s."
        )


def refuse_after_failed_tries() -> None:
    """Let nobody go on who has just tried many wrong keys or links.

    Raises:
        TooManyRequests: too many tries from this address failed within a minute.
    """
    budget = services().rate_limits.spend(_tries_name(), FAILED_TRIES_PER_MINUTE, cost=0)
    if budget is not None and budget.is_spent:
        g.budget = budget
        raise TooManyRequests("Too many tries failed. Wait a minute, then try again.")


def count_failed_try() -> None:
    """A key or a link was wrong."""
    services().rate_limits.spend(_tries_name(), FAILED_TRIES_PER_MINUTE)


def tell_budget(response: Response) -> Response:
    """Say in the answer what is left, where it was counted."""
    budget: Budget | None = g.get("budget")
    if budget is not None:
        response.headers["RateLimit-Limit"] = str(budget.limit)
        response.headers["RateLimit-Remaining"] = str(budget.remaining)
        response.headers["RateLimit-Reset"] = str(budget.reset_seconds)
        if budget.is_spent:
            response.headers["Retry-After"] = str(budget.reset_seconds)
    return response


def _tries_name() -> str:
    return f"tries:{request.remote_addr}"
