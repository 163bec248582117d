"""No spelling of a forbidden address may lead to a connection. Counted at socket.connect itself."""

import socket
from collections.abc import Sequence

import pytest

from images.errors import UrlRejected
from images.host_lookup import Resolver
from images.safe_fetch import FetchPolicy, Network, fetch_image

FORBIDDEN_URLS = (
    # Plain literals of every closed range
    "http://127.0.0.1/a.png",
    "http://127.8.9.10/a.png",
    "http://10.1.2.3/a.png",
    "http://172.16.0.1/a.png",
    "http://172.31.255.254/a.png",
    "http://192.168.178.1/a.png",
    "http://100.64.0.1/a.png",
    "http://100.127.255.254/a.png",
    "http://100.100.100.200/latest/meta-data",
    "http://169.254.169.254/latest/meta-data",
    "http://169.254.170.2/v2/credentials",
    "http://168.63.129.16/machine",
    "http://0.0.0.0/a.png",
    "http://0.1.2.3/a.png",
    "http://192.0.0.8/a.png",
    "http://192.0.2.77/a.png",
    "http://198.51.100.5/a.png",
    "http://203.0.113.9/a.png",
    "http://198.18.0.1/a.png",
    "http://198.19.255.255/a.png",
    "http://192.88.99.1/a.png",
    "http://224.0.0.251/a.png",
    "http://239.255.255.250/a.png",
    "http://240.0.0.1/a.png",
    "http://255.255.255.255/a.png",
    # Other spellings of IPv4
    "http://2130706433/a.png",
    "http://0x7f000001/a.png",
    "http://0x7f.0.0.1/a.png",
    "http://0177.0.0.1/a.png",
    "http://017700000001/a.png",
    "http://127.1/a.png",
    "http://127.0.1/a.png",
    "http://127.0.0.01/a.png",
    "http://127.0.0.1./a.png",
    "http://127.0.0.0x1/a.png",
    "http://8.8.8.8.8/a.png",
    "http://8.8.8/a.png",
    "http://256.1.1.1/a.png",
    "http://①②⑦.⓪.⓪.①/a.png",
    "http://１２７.0.0.1/a.png",
    "http://127。0。0。1/a.png",
    "http://%31%32%37.0.0.1/a.png",
    # IPv6, and IPv4 inside it
    "http://[::1]/a.png",
    "http://[::]/a.png",
    "http://[0:0:0:0:0:0:0:1]/a.png",
    "http://[::ffff:127.0.0.1]/a.png",
    "http://[::ffff:7f00:1]/a.png",
    "http://[::ffff:8.8.8.8]/a.png",
    "http://[::ffff:0:10.0.0.1]/a.png",
    "http://[::127.0.0.1]/a.png",
    "http://[64:ff9b::127.0.0.1]/a.png",
    "http://[64:ff9b::a9fe:a9fe]/a.png",
    "http://[64:ff9b:1::7f00:1]/a.png",
    "http://[64:ff9b:1:808:8:800::]/a.png",
    "http://[2002:7f00:1::]/a.png",
    "http://[2002:a9fe:a9fe::1]/a.png",
    "http://[2001:0:5ef5:79fb:0:59d:80ff:fffe]/a.png",
    "http://[2001:db8::5]/a.png",
    "http://[2001:2::1]/a.png",
    "http://[2001:10::1]/a.png",
    "http://[3fff::1]/a.png",
    "http://[2606:4700::5efe:10.0.0.1]/a.png",
    "http://[2606:4700::200:5efe:8.8.8.8]/a.png",
    "http://[100::1]/a.png",
    "http://[5f00::1]/a.png",
    "http://[fc00::1]/a.png",
    "http://[fd00:ec2::254]/latest/meta-data",
    "http://[fd20:ce::254]/computeMetadata",
    "http://[fe80::1]/a.png",
    "http://[fe80::1%25eth0]/a.png",
    "http://[fe80::1%eth0]/a.png",
    "http://[fec0::1]/a.png",
    "http://[ff02::1]/a.png",
    "http://[v1.127.0.0.1]/a.png",
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
    ("::1",),
    ("0.0.0.0",),
    ("10.0.0.1",),
    ("169.254.169.254",),
    ("::ffff:192.168.0.1",),
    ("fe80::1%eth0",),
    ("fd12:3456::1",),
    ("64:ff9b::10.0.0.1",),
    ("8.8.8.8", "127.0.0.1"),
    ("127.0.0.1", "8.8.8.8"),
    ("2606:4700::1", "8.8.8.8", "fd00::1"),
    ("8.8.8.8", "not an address"),
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


def test_no_spelling_of_a_forbidden_url_opens_a_connection(
    connection_attempts: list[object], policy: FetchPolicy
) -> None:
    for url in FORBIDDEN_URLS:
        with pytest.raises(UrlRejected):
            fetch_image(url, policy, Network(resolve=refuse_lookup))
    print(f"\n{len(FORBIDDEN_URLS)} forbidden URLs, {len(connection_attempts)} connections")  # noqa: T201
    assert len(FORBIDDEN_URLS) > 60
    assert connection_attempts == []


def test_no_forbidden_answer_to_a_lookup_opens_a_connection(
    connection_attempts: list[object], policy: FetchPolicy
) -> None:
    for answers in FORBIDDEN_ANSWERS:
        network = Network(resolve=always_answer(answers))
        with pytest.raises(UrlRejected) as caught:
            fetch_image("http://photos.example/a.png", policy, network)
        assert not any(answer in str(caught.value) for answer in answers)
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
