"""The one door through which we speak to services at addresses that others gave us.

The same guard as for images (`images/safe_fetch.py`): a checked URL, checked addresses, a pinned
connection. No redirect is followed.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

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
    check_body_headers,
    explain_transport_error,
    look_up,
    read_body,
)
from images.url_target import parse_url

MAX_RETRY_AFTER_SECONDS = 86_400.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """What a service answered.

    Attributes:
        retry_after_seconds: how long it asks us to wait (RFC 9110, 10.2.3), at most a day.
    """

    status: int
    retry_after_seconds: float | None
    body: bytes = field(repr=False)


def call_service(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    policy: FetchPolicy,
    network: Network = INTERNET,
) -> CallAnswer:
    """Send one request and read its answer, up to the policy's `max_bytes`.

    Raises:
        UrlRejected, FetchTimedOut, FetchFailed, CertificateRejected, BadAnswer: as `post_bytes`.
        TooManyBytes: the answer is larger.
    """

    def read(response: requests.Response) -> CallAnswer:
        check_body_headers(response, policy)
        return CallAnswer(
            response.status_code, read_retry_after(response), read_body(response, policy)
        )

    return send_request(method, url, headers, body, policy=policy, network=network, read=read)


def send_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    policy: FetchPolicy,
    network: Network,
    read: Callable[[requests.Response], T],
) -> T:
    """Send one request, and give its answer to `read` while the connection is open.

    Safe to call from many threads. A turn at the host is not waited for.

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
    request = requests.Request(method, target.url, headers={**headers, **own}, data=body).prepare()
    route = PinnedRoute(target, addresses, policy, deadline, network.connect)
    with closing(PinnedAdapter(route)) as adapter:
        try:
            response = adapter.send(request, stream=True)
            with closing(response):
                return read(response)
        except FetchError:
            raise
        except TRANSPORT_ERRORS as error:
            raise explain_transport_error(error) from error


def read_retry_after(response: requests.Response) -> float | None:
    """How long the service asks us to wait, in seconds."""
    return parse_retry_after(response.headers.get("Retry-After", ""), MAX_RETRY_AFTER_SECONDS)
