"""Reads a URL into where to connect and what to ask for, or refuses it. Stricter than a browser.

What two parsers could read in two ways is refused, so nothing after this file parses a host again.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import quote, urljoin, urlsplit

from images.errors import UrlRejected

MAX_URL_CHARACTERS = 8192  # signed addresses of content networks run to some thousand
DEFAULT_PORTS = {"http": 80, "https": 443}

# RFC 3986, 3.2, less user-info, empty ports, percent signs (and with them zone ids, RFC 6874).
_AUTHORITY = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]@%]+))(?::(?P<port>\d+))?"
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# A last label like this makes a browser read the host as a number (WHATWG URL, 3.5).
_NUMBER_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNSAFE_CHARACTERS = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")
_PATH_SAFE = "%/:@!$&'()*+,;=~-._?[]|"


@dataclass(frozen=True)
class UrlTarget:
    """One checked URL.

    Attributes:
        scheme: `http` or `https`.
        host: lower-case ASCII name, or an IP literal without brackets.
        port: explicit, or the scheme's own.
        path: path and query as they are sent, ASCII.
        literal: the address, where the host is one; then nothing is looked up.
    """

    scheme: str
    host: str
    port: int
    path: str
    literal: IPv4Address | IPv6Address | None

    @property
    def url(self) -> str:
        """The URL written in one way, without a fragment."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def parse_url(url: str, allowed_ports: frozenset[int]) -> UrlTarget:
    """Check one absolute http(s) URL.

    Raises:
        UrlRejected: any part is not as strict as needed; the sentence says which part.
    """
    if len(url) > MAX_URL_CHARACTERS:
        raise UrlRejected(f"The address is longer than {MAX_URL_CHARACTERS} characters.")
    _check_characters(url)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UrlRejected("The address cannot be read. Copy it again.") from error
    if parts.scheme not in DEFAULT_PORTS or not parts.netloc:
        raise UrlRejected(
            "Only absolute addresses that begin with http:// or https:// are fetched."
        )
    host, port, literal = _parse_authority(parts.netloc, DEFAULT_PORTS[parts.scheme])
    if port not in allowed_ports:
        raise UrlRejected(f"Port {port} is not one that images are fetched from.")
    query = f"?{quote(parts.query, safe=_PATH_SAFE)}" if parts.query else ""
    path = quote(parts.path or "/", safe=_PATH_SAFE) + query
    return UrlTarget(parts.scheme, host, port, path, literal)


def follow_redirect(current: UrlTarget, location: str, allowed_ports: frozenset[int]) -> UrlTarget:
    """Check where a redirect leads (RFC 9110, 10.2.2), as strictly as the first URL.

    Raises:
        UrlRejected: as `parse_url`, or the redirect leaves https for http.
    """
    _check_characters(location)  # before urljoin, which drops tabs and line ends unasked
    try:
        joined = urljoin(current.url, location)
    except ValueError as error:
        raise UrlRejected("The address redirects to one that cannot be read.") from error
    target = parse_url(joined, allowed_ports)
    if current.scheme == "https" and target.scheme == "http":
        raise UrlRejected("The address redirects from https to http, which is not followed.")
    return target


def _check_characters(text: str) -> None:
    if _UNSAFE_CHARACTERS.search(text):
        raise UrlRejected("The address has spaces, control characters or backslashes in it.")


def _parse_authority(
    netloc: str, default_port: int
) -> tuple[str, int, IPv4Address | IPv6Address | None]:
    if "@" in netloc:
        raise UrlRejected("Addresses with a user name or password are not fetched. Remove it.")
    match = _AUTHORITY.fullmatch(netloc) if netloc.isascii() else None
    if match is None:
        raise UrlRejected(
            "The host in the address is not plain. Write it in ASCII (xn-- form for other "
            "letters), without percent signs."
        )
    port = int(match["port"]) if match["port"] and len(match["port"]) <= 5 else None
    if match["port"] and (port is None or not 1 <= port <= 65535):
        raise UrlRejected("The port in the address is not between 1 and 65535.")
    host, literal = _parse_host(match["ipv6"], match["name"])
    return host, default_port if port is None else port, literal


def _parse_host(ipv6: str | None, name: str) -> tuple[str, IPv4Address | IPv6Address | None]:
    if ipv6 is not None:
        literal: IPv4Address | IPv6Address = _parse_literal(ipv6)
        return str(literal), literal
    lowered = name.lower()
    labels = lowered.removesuffix(".").split(".")
    if _NUMBER_LABEL.fullmatch(labels[-1]):
        literal = _parse_literal(lowered)
        return str(literal), literal
    if len(lowered) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UrlRejected("The host in the address is not a valid name.")
    return ".".join(labels), None


def _parse_literal(text: str) -> IPv4Address | IPv6Address:
    """Four plain decimals or a full IPv6 form: no octal, hexadecimal, short or single numbers."""
    try:
        return ip_address(text)
    except ValueError as error:
        raise UrlRejected(
            "The host in the address is a number in an unusual form. Use the site's name."
        ) from error
