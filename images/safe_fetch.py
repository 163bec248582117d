"""The one door through which images come in from the web. It fetches bytes, and decodes nothing.

Every hop is checked as the first one was: URL, every resolved address, and the peer we reach.
"""

import http.client
import re
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import overload

import requests
import urllib3.exceptions

from images.address_guard import IpAddress, check_addresses, check_literal
from images.deadline import Deadline
from images.errors import (
    BadAnswer,
    FetchError,
    FetchFailed,
    FetchRefused,
    FetchTimedOut,
    ImageGone,
    TooManyRedirects,
)
from images.fetch_policy import FetchPolicy
from images.host_lookup import Resolver, resolve_host, resolve_within
from images.host_turns import HostTurns, LocalTurns, parse_retry_after
from images.metered_response import too_many_bytes
from images.pinned_connection import Connector, PinnedAdapter, PinnedRoute, connect_socket
from images.url_target import UrlTarget, follow_redirect, parse_url
from images.validators import Validators, read_validators

__all__ = ["FetchPolicy", "FetchedImage", "Network", "NotModified", "Validators", "fetch_image"]

_READ_BYTES = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_NOT_MODIFIED = 304
_ASK_TO_WAIT = frozenset({429, 503})
_PASSING = frozenset({408, 425, 429})
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64}")
TRANSPORT_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


@dataclass(frozen=True)
class FetchedImage:
    """What a host sent, not yet looked at.

    Attributes:
        content: the body, at most the policy's `max_bytes`.
        final_url: after redirects.
        media_type: what the host called it, lower case; may be wrong or missing.
        validators: to hand in as `known` next time, if the host gave any.
    """

    content: bytes = field(repr=False)
    final_url: str
    media_type: str | None
    validators: Validators | None = None


@dataclass(frozen=True)
class NotModified:
    """The host has still the image that the validators were given for (RFC 9110, 15.4.5)."""

    final_url: str


@dataclass(frozen=True)
class Network:
    """How names are looked up, turns given out and connections opened: the seam for others."""

    resolve: Resolver = resolve_host
    connect: Connector = connect_socket
    turns: HostTurns = field(default_factory=LocalTurns)


INTERNET = Network()

_Answer = FetchedImage | NotModified | UrlTarget


@overload
def fetch_image(url: str, policy: FetchPolicy, network: Network = ...) -> FetchedImage: ...
@overload
def fetch_image(
    url: str, policy: FetchPolicy, network: Network = ..., *, known: Validators | None
) -> FetchedImage | NotModified: ...
def fetch_image(
    url: str,
    policy: FetchPolicy,
    network: Network = INTERNET,
    *,
    known: Validators | None = None,
) -> FetchedImage | NotModified:
    """Fetch one image with GET, following checked redirects. Safe to call from many threads.

    With the validators of an earlier answer in `known`, the image is sent only if it has changed.

    Raises:
        UrlRejected: this URL, or one it redirects to, is not fetched.
        FetchTimedOut: the deadline, or one wait within it, has passed.
        FetchFailed: a passing fault of the host or the network.
        HostBusy: the host's next turn lies after the deadline.
        FetchRefused, ImageGone: the host says no, or has nothing there.
        CertificateRejected: the host cannot prove its name.
        BadAnswer, TooManyRedirects: the answer breaks a limit or a rule.
        TooManyBytes: the file is too large.
    """
    deadline = Deadline.after(policy.total_timeout_seconds)
    target = parse_url(url, policy.allowed_ports)
    for _ in range(policy.max_redirects + 1):
        conditions = known if known is not None and known.url == target.url else None
        answer = _fetch_hop(target, conditions, policy, deadline, network)
        if not isinstance(answer, UrlTarget):
            return answer
        target = answer
    raise TooManyRedirects(
        f"The address redirects more than {policy.max_redirects} times. Use the address that "
        "the image has in the end."
    )


def _fetch_hop(
    target: UrlTarget,
    known: Validators | None,
    policy: FetchPolicy,
    deadline: Deadline,
    network: Network,
) -> _Answer:
    """One request: the image, that it has not changed, or the next URL to ask."""
    addresses = look_up(target, policy, deadline, network)
    time.sleep(network.turns.take(target.host, deadline.cap_seconds(float("inf"))))
    route = PinnedRoute(target, addresses, policy, deadline, network.connect)
    with closing(PinnedAdapter(route)) as adapter:
        try:
            response = adapter.send(_prepare_request(target, known, policy), stream=True)
            with closing(response):
                _heed_retry_after(response, target, network)
                return _read_answer(response, target, known, policy)
        except FetchError:
            raise
        except TRANSPORT_ERRORS as error:
            raise explain_transport_error(error) from error


def look_up(
    target: UrlTarget, policy: FetchPolicy, deadline: Deadline, network: Network
) -> tuple[IpAddress, ...]:
    """The host's addresses, checked. A name is asked for once a hop, and never again."""
    if target.literal is not None:
        return check_literal(target.literal, policy.allow_private_addresses)
    answers = resolve_within(network.resolve, target.host, target.port, deadline)
    return check_addresses(answers, policy.allow_private_addresses)


def _prepare_request(
    target: UrlTarget, known: Validators | None, policy: FetchPolicy
) -> requests.PreparedRequest:
    headers = {
        "User-Agent": policy.user_agent,
        "Accept": "image/*, */*;q=0.5",  # no list of formats: what everyone gets, not a conversion
        "Accept-Encoding": "identity",
        "Connection": "close",
        **(known.headers() if known else {}),
    }
    # Without a session: no cookies, no netrc, no proxy, no bundle from the environment.
    return requests.Request("GET", target.url, headers=headers).prepare()


def _heed_retry_after(response: requests.Response, target: UrlTarget, network: Network) -> None:
    if response.status_code in _ASK_TO_WAIT:
        seconds = parse_retry_after(response.headers.get("Retry-After", ""))
        if seconds:
            network.turns.pause(target.host, seconds)


def _read_answer(
    response: requests.Response, target: UrlTarget, known: Validators | None, policy: FetchPolicy
) -> _Answer:
    if response.status_code in _REDIRECTS:
        return follow_redirect(target, _location(response), policy.allowed_ports)
    if response.status_code == _NOT_MODIFIED and known is not None:
        return NotModified(target.url)
    _check_status(response.status_code)
    check_body_headers(response, policy)
    return FetchedImage(
        content=read_body(response, policy),
        final_url=target.url,
        media_type=_media_type(response.headers.get("Content-Type", "")),
        validators=read_validators(target.url, response.headers),
    )


def _location(response: requests.Response) -> str:
    locations = response.raw.headers.getlist("Location")
    if len(locations) != 1 or not locations[0]:
        raise BadAnswer("The address redirects, but the host does not say where to.")
    (location,) = locations
    try:  # http.client reads header bytes as Latin-1; hosts that send other letters mean UTF-8
        return str(location).encode("latin-1").decode("utf-8")
    except UnicodeError as error:
        raise BadAnswer("The address redirects to one that cannot be read.") from error


def _check_status(status: int) -> None:
    if status == 200:
        return
    if status in _GONE:
        raise ImageGone(f"The host has no image at this address ({status}). Check the address.")
    if status >= 500 or status in _PASSING:
        raise FetchFailed(f"The host cannot answer just now ({status}). Try again later.")
    if status >= 400:
        raise FetchRefused(
            f"The host does not give this image to us ({status}). Upload the image itself."
        )
    raise BadAnswer(f"The host answers with something else than an image (status {status}).")


def check_body_headers(response: requests.Response, policy: FetchPolicy) -> None:
    """Refuse a body that is packed, or said to be too large.

    Raises:
        BadAnswer, TooManyBytes: see there.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    transfer = response.headers.get("Transfer-Encoding", "").strip().lower()
    if encoding not in {"", "identity"} or transfer not in {"", "identity", "chunked"}:
        raise BadAnswer("The host sends the image compressed, although we asked it not to.")
    length = response.headers.get("Content-Length", "").strip()
    if length.isascii() and length.isdigit() and int(length[:20]) > policy.max_bytes:
        raise too_many_bytes(policy.max_bytes)


def read_body(response: requests.Response, policy: FetchPolicy) -> bytes:
    """The whole body, up to the policy's limit.

    Raises:
        TooManyBytes: it is larger.
    """
    body = bytearray()
    for chunk in response.raw.stream(_READ_BYTES, decode_content=False):
        body += chunk
        if len(body) > policy.max_bytes:
            raise too_many_bytes(policy.max_bytes)
    return bytes(body)


def _media_type(header: str) -> str | None:
    """The bare type of a Content-Type header (RFC 9110, 8.3.1); None where it is not one."""
    media_type = header.split(";", 1)[0].strip().lower()
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else None


def explain_transport_error(error: Exception) -> FetchError:
    """Whatever the network stack raised, as an error of ours."""
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)):
        return FetchTimedOut("The host does not answer in time. Try again later.")
    return FetchFailed("The connection broke before the image was complete. Try again later.")
