"""How often a key may ask, counted in Valkey by the minute. Without Valkey everything passes.

A limit protects the service from a caller who runs wild; it is no lock. So whoever cannot count
lets pass, and looks again a few seconds later.
"""

import time
from dataclasses import dataclass

import structlog
from redis import Redis, RedisError

WINDOW_SECONDS = 60
# In the way of every request, so short; one that is away is left alone for a while.
TIMEOUT_SECONDS, RETRY_SECONDS = 0.2, 5.0
REDIS_SCHEMES = {
    "redis": "redis",
    "rediss": "rediss",
    "valkey": "redis",
    "redis+socket": "unix",  # kombu's word for a Unix socket
    "unix": "unix",
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a caller's requests in this window."""

    limit: int
    remaining: int
    reset_seconds: int
    is_spent: bool


class RateLimits:
    """Counts requests by name; all web processes count together."""

    def __init__(self, broker_url: str) -> None:
        scheme, _, rest = broker_url.partition("://")
        known = REDIS_SCHEMES.get(scheme)
        self._server = _connect(f"{known}://{rest}") if known else None
        self._away_until = 0.0

    def spend(self, name: str, limit: int, *, cost: int = 1) -> Budget | None:
        """Count a request, or with `cost=0` only look; None where nothing can be counted now."""
        if self._server is None or time.monotonic() < self._away_until:
            return None
        try:
            spent, left_ms = self._count(self._server, f"ntf:limit:{name}", cost)
        except (RedisError, OSError) as error:
            log.warning("rate_limits_away", reason=str(error))
            self._away_until = time.monotonic() + RETRY_SECONDS
            return None
        is_spent = spent > limit or (cost == 0 and spent >= limit)
        return Budget(limit, max(0, limit - spent), max(1, -(-left_ms // 1000)), is_spent)

    @staticmethod
    def _count(server: "Redis", key: str, cost: int) -> tuple[int, int]:
        with server.pipeline(transaction=True) as steps:
            # The window begins with its first request and ends by itself.
            steps.set(key, 0, ex=WINDOW_SECONDS, nx=True)
            steps.incrby(key, cost)
            steps.pttl(key)
            _, spent, left_ms = steps.execute()
        return int(spent), int(left_ms)


def _connect(url: str) -> "Redis":
    return Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )
