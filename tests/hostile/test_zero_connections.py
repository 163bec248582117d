"""Over every vector, in every form, nothing but the one public address is ever connected to.

The product is used as it is, with its own `connect`; `socket.connect` itself is intercepted. The
public address is a hostile server on loopback, and the name server is a real one.
"""

import socket
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv6Address, ip_address

import pytest

from images.address_guard import check_addresses, check_literal
from images.errors import FetchFailed, UrlRejected
from images.host_turns import LocalTurns
from images.safe_fetch import FetchPolicy, Network, fetch_image
from tests.hostile.behaviours import PNG
from tests.hostile.disguise import PUBLIC_ADDRESS
from tests.hostile.hostile_server import HostileServer
from tests.hostile.name_server import NameServer
from tests.hostile.vectors import (
    PUBLIC_NEIGHBOURS,
    embeddings,
    forbidden_addresses,
    forbidden_hosts,
)

pytestmark = pytest.mark.hostile

Say = Callable[[str], None]


class Gate:
    """Stands in for `socket.connect`: notes where to, and lets the public address through alone."""

    def __init__(self, loopback_port: int) -> None:
        self.destinations: list[str] = []
        self._loopback_port = loopback_port
        self._peers: weakref.WeakKeyDictionary[socket.socket, str] = weakref.WeakKeyDictionary()
        self._connect = socket.socket.connect

    def connect(self, sock: socket.socket, address: tuple[str, int]) -> None:
        self.destinations.append(address[0])
        if address != (PUBLIC_ADDRESS, 80):
            raise ConnectionRefusedError
        self._connect(sock, ("127.0.0.1", self._loopback_port))
        self._peers[sock] = PUBLIC_ADDRESS

    def getpeername(self, sock: socket.socket) -> tuple[str, int]:
        return (self._peers[sock], 80)

    @property
    def forbidden(self) -> list[str]:
        """Where nothing may ever have gone."""
        return [address for address in self.destinations if address != PUBLIC_ADDRESS]


@pytest.fixture
def gate(server: HostileServer, monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate(server.port)

    def connect(sock: socket.socket, address: tuple[str, int]) -> None:
        gate.connect(sock, address)

    def getpeername(sock: socket.socket) -> tuple[str, int]:
        return gate.getpeername(sock)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    monkeypatch.setattr(socket.socket, "getpeername", getpeername)
    return gate


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Print past pytest's capture: the counts are a result."""

    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\n  {line}", end=" ")  # noqa: T201

    return say


def refuse_lookup(host: str, _port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up")


def network_of(names: NameServer | None = None) -> Network:
    turns = LocalTurns(requests_per_second=1_000_000)
    return Network(resolve=names.resolve if names else refuse_lookup, turns=turns)


def report(say: Say, form: str, vectors: int, gate: Gate) -> None:
    say(
        f"{form}: {vectors} vectors, {len(gate.destinations)} connections to the public host, "
        f"{len(gate.forbidden)} to forbidden addresses"
    )


def test_the_gate_sees_what_goes_wrong(gate: Gate, policy: FetchPolicy) -> None:
    """Where the guard is opened, the connection is seen: so a zero says something."""
    with pytest.raises(FetchFailed):
        fetch_image("http://127.0.0.1/", replace(policy, allow_private_addresses=True))
    assert gate.forbidden == ["127.0.0.1"]


def test_literal_forms(gate: Gate, policy: FetchPolicy, say: Say) -> None:
    hosts = list(forbidden_hosts())
    for host in hosts:
        with pytest.raises(UrlRejected):
            fetch_image(f"http://{host}/image.png", policy, network_of())
    report(say, "literal", len(hosts), gate)
    assert len(hosts) > 5000
    assert gate.destinations == []


@pytest.mark.slow
def test_answers_of_a_name_server(gate: Gate, policy: FetchPolicy, say: Say) -> None:
    """Alone, and before and after a public one."""
    answers = [
        answer
        for address in forbidden_addresses()
        for answer in ([address], [address, PUBLIC_ADDRESS], [PUBLIC_ADDRESS, address])
    ]
    with NameServer({"photos.example": answers}) as names:
        for _ in answers:
            with pytest.raises(UrlRejected):
                fetch_image("http://photos.example/image.png", policy, network_of(names))
        assert names.lookups == {"photos.example": len(answers)}
    report(say, "DNS", len(answers), gate)
    assert len(answers) > 2000
    assert gate.destinations == []


def test_names_of_this_machine(gate: Gate, policy: FetchPolicy, say: Say) -> None:
    """By the system's own resolver."""
    names = ("localhost", "LOCALHOST", "localhost.")
    for name in names:
        with pytest.raises(UrlRejected):
            fetch_image(f"http://{name}/", policy, Network())
    report(say, "system names", len(names), gate)
    assert gate.destinations == []


def redirect_hosts() -> Iterator[str]:
    """One spelling after the other, over all addresses: what a redirect can carry as a header."""
    hosts = [host for host in forbidden_hosts() if host.isascii()]
    yield from hosts[::7]


def test_redirects(gate: Gate, policy: FetchPolicy, server: HostileServer, say: Say) -> None:
    hosts = list(redirect_hosts())
    for host in hosts:
        url = f"http://{PUBLIC_ADDRESS}/redirect?http://{host}/image.png"
        with pytest.raises(UrlRejected):
            fetch_image(url.replace("\\", "%5C"), policy, network_of())
    report(say, "redirect", len(hosts), gate)
    assert len(server.request_heads) == len(gate.destinations) == len(hosts) > 500
    assert gate.forbidden == []


def test_rebinding_within_a_hop(
    gate: Gate, policy: FetchPolicy, server: HostileServer, say: Say
) -> None:
    """Public at the first look-up, forbidden at any later one: there is no later one."""
    addresses = list(forbidden_addresses())[::5]
    table = {f"v{n}.example": [[PUBLIC_ADDRESS], [a]] for n, a in enumerate(addresses)}
    with NameServer(table) as names:
        for name in table:
            fetched = fetch_image(f"http://{name}/image.png", policy, network_of(names))
            assert fetched.content == PNG
        assert set(names.lookups.values()) == {1}
    report(say, "rebinding", len(table), gate)
    assert len(server.request_heads) == len(gate.destinations) == len(table) > 100
    assert gate.forbidden == []


def test_rebinding_between_hops(
    gate: Gate, policy: FetchPolicy, server: HostileServer, say: Say
) -> None:
    """Public at the first hop, forbidden when the redirect comes back to the same name."""
    addresses = list(forbidden_addresses())[::5]
    table = {f"v{n}.example": [[PUBLIC_ADDRESS], [a]] for n, a in enumerate(addresses)}
    with NameServer(table) as names:
        for name in table:
            with pytest.raises(UrlRejected):
                fetch_image(f"http://{name}/redirect?/image.png", policy, network_of(names))
        assert set(names.lookups.values()) == {2}
    report(say, "rebinding by redirect", len(table), gate)
    assert len(server.request_heads) == len(gate.destinations) == len(table) > 100
    assert gate.forbidden == []


@pytest.mark.parametrize("text", PUBLIC_NEIGHBOURS)
def test_the_neighbours_of_what_is_forbidden_are_open(text: str) -> None:
    assert check_addresses((text,), False) == (ip_address(text),)


def test_dns64_answers_count_by_what_is_inside_and_literals_never_do() -> None:
    for text in PUBLIC_NEIGHBOURS:
        inside = ip_address(text)
        if isinstance(inside, IPv6Address):
            continue
        (translated,) = (a for form, a in embeddings(inside) if form == "NAT64, RFC 6052")
        assert check_addresses((str(translated),), False) == (translated,)
        with pytest.raises(UrlRejected):
            check_literal(translated, False)
