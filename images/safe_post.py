"""The one door through which messages go out to addresses that strangers gave us.

Through `images/safe_call.py`, with its guard. Nothing of the answer is read but its status and
headers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import requests

from images.fetch_policy import FetchPolicy
from images.safe_call import read_retry_after, send_request
from images.safe_fetch import INTERNET, Network


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
    return send_request(
        "POST", url, headers, body, policy=policy, network=network, read=_read_answer
    )


def _read_answer(response: requests.Response) -> PostAnswer:
    return PostAnswer(response.status_code, read_retry_after(response))
