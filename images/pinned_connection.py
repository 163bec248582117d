"""A requests adapter that connects to addresses that were checked before, and to nothing else.

Host header, SNI and certificate go by the name in the URL; the TCP connection goes by the address.
Looks up no name, reads no proxy, netrc, cookie or bundle from the environment.
"""

import functools
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import certifi
import urllib3.connection
import urllib3.connectionpool
from requests.adapters import HTTPAdapter

from images.address_guard import IpAddress
from images.deadline import Deadline
from images.errors import CertificateRejected, FetchFailed, FetchTimedOut, UrlRejected
from images.fetch_policy import FetchPolicy
from images.metered_response import MeteredResponse, ReadMeter
from images.url_target import UrlTarget

Connector = Callable[[str, int, float], socket.socket]

_MAX_ADDRESSES_TRIED = 4


def connect_socket(address: str, port: int, timeout_seconds: float) -> socket.socket:
    """Open a TCP connection to a literal address.

    Raises:
        OSError: no connection; TimeoutError when not in time.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_seconds)
        sock.connect((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


@dataclass(frozen=True)
class PinnedRoute:
    """Where one hop may connect to, and within which limits."""

    target: UrlTarget
    addresses: tuple[IpAddress, ...]
    policy: FetchPolicy
    deadline: Deadline
    connect: Connector = connect_socket

    def open_socket(self) -> socket.socket:
        """Connect to the first checked address that answers.

        Raises:
            FetchTimedOut, FetchFailed: none answers.
            UrlRejected: something else stands at the other end.
        """
        last_error: OSError | None = None
        for address in self.addresses[:_MAX_ADDRESSES_TRIED]:
            wait_seconds = self.deadline.cap_seconds(self.policy.connect_timeout_seconds)
            try:
                sock = self.connect(str(address), self.target.port, wait_seconds)
            except OSError as error:
                last_error = error
                continue
            return self._check_peer(sock, address)
        self.deadline.cap_seconds(1)
        if isinstance(last_error, TimeoutError):
            raise FetchTimedOut("The host does not answer. Try again later.") from last_error
        raise FetchFailed(
            "No connection to the host was possible. Try again later."
        ) from last_error

    def _check_peer(self, sock: socket.socket, address: IpAddress) -> socket.socket:
        """Make sure of what we are connected to (a translating network could differ)."""
        try:
            is_same = ip_address(sock.getpeername()[0]) == address
            sock.settimeout(self.deadline.cap_seconds(self.policy.connect_timeout_seconds))
        except BaseException:
            sock.close()
            raise
        if not is_same:
            sock.close()
            raise UrlRejected("The connection does not lead to the address that was checked.")
        return sock


class _PinnedHTTPConnection(urllib3.connection.HTTPConnection):
    def __init__(self, *args: Any, route: PinnedRoute, meter: ReadMeter, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        _meter_response(self, meter)
        self._route = route

    def _new_conn(self) -> socket.socket:
        return self._route.open_socket()


class _PinnedHTTPSConnection(urllib3.connection.HTTPSConnection):
    def __init__(self, *args: Any, route: PinnedRoute, meter: ReadMeter, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        _meter_response(self, meter)
        self._route = route

    def _new_conn(self) -> socket.socket:
        return self._route.open_socket()

    def connect(self) -> None:
        try:
            super().connect()
        except ssl.SSLCertVerificationError as error:
            raise CertificateRejected(
                "The host's certificate is not valid for the name in the address. Check the "
                "address, or upload the image itself."
            ) from error
        except TimeoutError as error:
            raise FetchTimedOut("The host does not answer. Try again later.") from error
        except OSError as error:
            raise FetchFailed("No secure connection to the host was possible.") from error


def _meter_response(connection: urllib3.connection.HTTPConnection, meter: ReadMeter) -> None:
    # http.client calls this with the socket and the method; typeshed knows only the class.
    connection.response_class = functools.partial(  # type: ignore[assignment]
        MeteredResponse, meter=meter
    )


class _PinnedHTTPPool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _PinnedHTTPConnection


class _PinnedHTTPSPool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _PinnedHTTPSConnection


class PinnedAdapter(HTTPAdapter):
    """Sends the one request of one hop over its route, whatever the request's own URL says."""

    def __init__(self, route: PinnedRoute) -> None:
        super().__init__(max_retries=0)
        self._route = route
        self._meter = ReadMeter(route.policy, route.deadline)
        self._pool = _make_pool(route, self._meter)

    def get_connection_with_tls_context(
        self, *_args: Any, **_keywords: Any
    ) -> urllib3.connectionpool.HTTPConnectionPool:
        return self._pool

    def cert_verify(self, *_args: Any, **_keywords: Any) -> None:
        """Nothing to switch off: the pool's own context always verifies."""

    def request_url(self, *_args: Any, **_keywords: Any) -> str:
        """Ask for the path that was checked."""
        return self._route.target.path

    def close(self) -> None:
        """Close what the hop has opened, on every path."""
        self._meter.open_answers.close()
        self._pool.close()
        super().close()


def _make_pool(route: PinnedRoute, meter: ReadMeter) -> urllib3.connectionpool.HTTPConnectionPool:
    target = route.target
    if target.scheme == "http":
        return _PinnedHTTPPool(target.host, target.port, route=route, meter=meter)
    return _PinnedHTTPSPool(
        target.host,
        target.port,
        route=route,
        meter=meter,
        ssl_context=_verifying_context(route.policy.ca_bundle_path),
        cert_reqs=ssl.CERT_REQUIRED,
    )


@functools.lru_cache(maxsize=8)
def _verifying_context(ca_bundle_path: str | None) -> ssl.SSLContext:
    """One context for each bundle: reading certifi's takes longer than a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False  # RFC 9525, 2: names stand in the SAN alone
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(ca_bundle_path or certifi.where())
    return context
