"""URLs that parsers read in two ways, and answers of a resolver that are none: all refused.

Spellings of addresses are in `vectors.py` and `test_zero_connections.py`.
"""

import socket
from collections.abc import Sequence

import pytest

from images.errors import UrlRejected
from images.host_lookup import Resolver
from images.safe_fetch import FetchPolicy, Network, fetch_image

pytestmark = pytest.mark.hostile

FORBIDDEN_URLS = (
    # User-info, schemes, ports and what parsers disagree on
    "http://user@8.8.8.8/a.png",
    "http://user:word@8.8.8.8/a.png",
    "http://@8.8.8.8/a.png",
    "http://8.8.8.8@127.0.0.1/a.png",
    "http://8.8.8.8\\@127.0.0.1/a.png",
    "http://127.0.0.1\\.example.com/a.png",
    "http://8.8.8.8%00.example.com/a.png",
    "http://8.8.8.8:22/a.png",
    "http://8.8.8.8:0/a.png",
    "http://8.8.8.8:65536/a.png",
    "http://8.8.8.8:080x/a.png",
    "http://8.8.8.8:/a.png",
    "http://8.8.8.8:80:80/a.png",
    "http:///a.png",
    "http:8.8.8.8/a.png",
    "//8.8.8.8/a.png",
    "8.8.8.8/a.png",
    "ftp://8.8.8.8/a.png",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    " http://8.8.8.8/a.png",
    "http://8.8.8.8/a b.png",
    "http://8.8.8.8/a\r\nHost: x",
    "ht\ntp://8.8.8.8/a.png",
    "http://exa\tmple.com/a.png",
    "http://example..com/a.png",
    "http://.example.com/a.png",
    "http://exam\u00adple.com/a.png",
    "http://-example.com/a.png",
    "http://" + "a" * 64 + ".example/a.png",
    "http://8.8.8.8/" + "a" * 9000,
    "http://[::1/a.png",
    "http://\ud800/a.png",
    "",
)

FORBIDDEN_ANSWERS = (
    ("127.0.0.1",),
    ("fe80::1%eth0",),
    ("2606:4700::1%eth0",),
    ("2606:4700::1", "8.8.8.8", "fd00::1"),
    ("8.8.8.8", "not an address"),
    ("8.8.8.8", "8.8.8.8/8"),
    ("0x08080808",),
    ("8.8.8.8\0",),
    ("",),
)


@pytest.fixture
def connection_attempts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address that anything tried to connect to; nothing gets through."""
    attempts: list[object] = []

    def refuse(_sock: socket.socket, address: object) -> None:
        attempts.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return attempts


def refuse_lookup(host: str, port: int) -> list[str]:
    """Names in the table are refused before anyone is asked about them."""
    raise AssertionError(f"{host} was looked up")


def always_answer(answers: Sequence[str]) -> Resolver:
    return lambda _host, _port: answers


def test_no_url_of_two_readings_opens_a_connection(
    connection_attempts: list[object], policy: FetchPolicy
) -> None:
    for url in FORBIDDEN_URLS:
        with pytest.raises(UrlRejected):
            fetch_image(url, policy, Network(resolve=refuse_lookup))
    print(f"\n{len(FORBIDDEN_URLS)} forbidden URLs, {len(connection_attempts)} connections")  # noqa: T201
    assert len(FORBIDDEN_URLS) > 30
    assert connection_attempts == []


def test_no_forbidden_answer_to_a_lookup_opens_a_connection(
    connection_attempts: list[object], policy: FetchPolicy
) -> None:
    for answers in FORBIDDEN_ANSWERS:
        network = Network(resolve=always_answer(answers))
        with pytest.raises(UrlRejected) as caught:
            fetch_image("http://photos.example/a.png", policy, network)
        assert not any(answer in str(caught.value) for answer in answers if answer)
    print(f"\n{len(FORBIDDEN_ANSWERS)} sets of answers, {len(connection_attempts)} connections")  # noqa: T201
    assert connection_attempts == []


def test_open_private_addresses_keep_metadata_and_reserved_closed(
    connection_attempts: list[object],
) -> None:
    open_policy = FetchPolicy(allow_private_addresses=True)
    closed = ("169.254.169.254", "100.100.100.200", "168.63.129.16", "0.0.0.0", "224.0.0.1")
    for host in (*closed, "[fd00:ec2::254]", "[fe80::1]", "[::]", "[::ffff:127.0.0.1]"):
        with pytest.raises(UrlRejected):
            fetch_image(f"http://{host}/a.png", open_policy)
    assert connection_attempts == []
