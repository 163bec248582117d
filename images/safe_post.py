"""The one door through which messages go out to addresses that strangers gave us.

The same guard as for images (`images/safe_fetch.py`): a checked URL, checked addresses, a pinned
connection. No redirect is followed, and nothing of the answer is read but its status and headers.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

import requests

from images.deadline import Deadline
from images.errors import FetchError
from images.fetch_policy import FetchPolicy
from images.host_turns import parse_retry_after
from images.pinned_connection import PinnedAdapter, PinnedRoute
from images.safe_fetch import (
    INTERNET,
    TRANSPORT_ERRORS,
    Network,
    explain_transport_error,
    look_up,
)
from images.url_target import parse_url

MAX_RETRY_AFTER_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class PostAnswer:
    """What a receiver answered.

    Attributes:
        retry_after_seconds: how long it asks us to wait (RFC 9110, 10.2.3), at most a day.
    """

    status: int
    retry_after_seconds: float | None


def post_bytes(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    policy: FetchPolicy,
    network: Network = INTERNET,
) -> PostAnswer:
    """Send one POST. Safe to call from many threads. A turn at the host is not waited for.

    Raises:
        UrlRejected: this URL is not one that we connect to.
        FetchTimedOut: the policy's deadline, or one wait within it, has passed.
        FetchFailed: a passing fault of the host or the network.
        CertificateRejected: the host cannot prove its name.
        BadAnswer: the answer breaks a limit or a rule of HTTP.
    """
    deadline = Deadline.after(policy.total_timeout_seconds)
    target = parse_url(url, policy.allowed_ports)
    addresses = look_up(target, policy, deadline, network)
    own = {"User-Agent": policy.user_agent, "Accept-Encoding": "identity", "Connection": "close"}
    request = requests.Request("POST", target.url, headers={**headers, **own}, data=body).prepare()
    route = PinnedRoute(target, addresses, policy, deadline, network.connect)
    with closing(PinnedAdapter(route)) as adapter:
        try:
            response = adapter.send(request, stream=True)
            with closing(response):
                return _read_answer(response)
        except FetchError:
            raise
        except TRANSPORT_ERRORS as error:
            raise explain_transport_error(error) from error


def _read_answer(response: requests.Response) -> PostAnswer:
    wait = parse_retry_after(response.headers.get("Retry-After", ""), MAX_RETRY_AFTER_SECONDS)
    return PostAnswer(response.status_code, wait)
