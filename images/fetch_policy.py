"""How far a fetch may go. Values only: whoever builds the policy reads the settings."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FetchPolicy:
    """Limits of one fetch, all hops together where not said otherwise.

    Attributes:
        max_bytes: of the image file.
        max_header_bytes: status line and headers of one answer, give or take one read of 8 KiB.
        total_timeout_seconds: lookup, connection, headers and body of every hop.
        connect_timeout_seconds: one connection, and then one TLS handshake.
        read_timeout_seconds: silence between two reads.
        min_bytes_per_second: what must come in each window, from the first byte of an answer on.
        min_rate_window_seconds: how long a slow host is borne with.
        max_redirects: hops after the first.
        allowed_ports: of every hop.
        allow_private_addresses: opens loopback and private networks, for tests and intranets;
            link-local and cloud metadata addresses stay closed.
        user_agent: who we say we are.
        ca_bundle_path: PEM file of trusted authorities instead of certifi's, for an intranet.
    """

    max_bytes: int = 25 * 1024 * 1024
    max_header_bytes: int = 64 * 1024
    total_timeout_seconds: float = 15.0
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 10.0
    min_bytes_per_second: int = 1024
    min_rate_window_seconds: float = 3.0
    max_redirects: int = 5
    allowed_ports: frozenset[int] = frozenset({80, 443})
    allow_private_addresses: bool = False
    user_agent: str = "NTF-image-check/1.0"
    ca_bundle_path: str | None = None
