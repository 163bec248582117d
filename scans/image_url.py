"""One spelling for one address, so that two callers of one image share one check. Pure rules."""

from urllib.parse import SplitResult, quote, urlsplit

from scans.errors import UrlNotCanonical

MAX_URL_CHARACTERS = 4096
_DEFAULT_PORTS = {"http": 80, "https": 443}
# RFC 3986, 3.3 and 3.4: what may stand unescaped in a path or a query, and the escape itself.
_SAFE = "%/:@!$&'()*+,;=~-._?[]|"


def canonical_url(url: str) -> str:
    """Write an http(s) address in one way (RFC 3986, section 6.2).

    Scheme and host in small letters, no default port, an empty path as `/`, no fragment, no dots
    in the path to resolve; the query stays as it is, since its order can matter to a server.

    Raises:
        UrlNotCanonical: not absolute, not http(s), with credentials, or too long.
    """
    if len(url) > MAX_URL_CHARACTERS:
        raise UrlNotCanonical(f"The address is longer than {MAX_URL_CHARACTERS} characters.")
    parts = _split(url.strip())
    host = _host_text(parts)
    path = quote(parts.path or "/", safe=_SAFE)
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    return f"{parts.scheme}://{host}{path}{query}"


def _split(url: str) -> SplitResult:
    if any(character.isspace() or ord(character) < 0x20 for character in url):
        raise UrlNotCanonical("The address has white space or control characters in it.")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError as error:
        raise UrlNotCanonical(f"The address cannot be read: {error}.") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise UrlNotCanonical("Give an absolute address that begins with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise UrlNotCanonical("Addresses with a user name or password are not fetched.")
    return parts


def _host_text(parts: SplitResult) -> str:
    host = parts.hostname or ""
    try:
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError as error:
        raise UrlNotCanonical("The host name is not a valid international name.") from error
    host = f"[{host}]" if ":" in host else host
    is_default = parts.port is None or parts.port == _DEFAULT_PORTS[parts.scheme]
    return host if is_default else f"{host}:{parts.port}"
