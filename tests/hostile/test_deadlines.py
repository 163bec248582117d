"""However slowly a host moves, a fetch ends within its deadline and one second."""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from images.errors import FetchTimedOut
from images.safe_fetch import FetchPolicy, Network, fetch_image
from tests.hostile.certificates import Authority
from tests.hostile.disguise import PUBLIC_ADDRESS, DisguisedInternet
from tests.hostile.hostile_server import HostileServer

pytestmark = pytest.mark.hostile

DEADLINE_SECONDS = 1.5
SLOW_PATHS = ["/silent", "/slow-headers", "/slow-body", "/slow-chunks", "/slow-trailer"]


def assert_times_out(url: str, policy: FetchPolicy, network: Network) -> None:
    started = time.monotonic()
    with pytest.raises(FetchTimedOut) as caught:
        fetch_image(url, policy, network)
    took_seconds = time.monotonic() - started
    print(f"\n{url}: {took_seconds:.2f} s of {policy.total_timeout_seconds} s")  # noqa: T201
    assert took_seconds < policy.total_timeout_seconds + 1
    assert caught.value.retryable


@pytest.fixture
def short_policy(policy: FetchPolicy) -> FetchPolicy:
    """Only the total deadline can end a fetch."""
    return replace(
        policy,
        total_timeout_seconds=DEADLINE_SECONDS,
        connect_timeout_seconds=60.0,
        read_timeout_seconds=60.0,
    )


@pytest.mark.slow
@pytest.mark.parametrize("path", SLOW_PATHS)
def test_a_slow_host_is_left(
    path: str, internet: DisguisedInternet, short_policy: FetchPolicy
) -> None:
    assert_times_out(f"http://photos.example{path}", short_policy, internet.network)


@pytest.mark.slow
@pytest.mark.parametrize("path", SLOW_PATHS)
def test_a_slow_host_is_left_under_tls(
    path: str, authority: Authority, short_policy: FetchPolicy
) -> None:
    with HostileServer(authority.server_context("photos.example")) as server:
        internet = DisguisedInternet(
            names={"photos.example": [[PUBLIC_ADDRESS]]},
            loopback_ports={(PUBLIC_ADDRESS, 443): server.port},
        )
        policy = replace(short_policy, ca_bundle_path=authority.bundle_path)
        assert_times_out(f"https://photos.example{path}", policy, internet.network)


@pytest.mark.slow
def test_a_handshake_that_drips_is_left(short_policy: FetchPolicy) -> None:
    """A TLS record's header, and then its 16 kB one byte at a time."""
    stopping = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"\x16\x03\x03\x40\x00")
            while not stopping.wait(0.05):
                connection.sendall(b"\x02")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,), daemon=True)
        thread.start()
        internet = DisguisedInternet(
            names={"photos.example": [[PUBLIC_ADDRESS]]},
            loopback_ports={(PUBLIC_ADDRESS, 443): listener.getsockname()[1]},
        )
        assert_times_out("https://photos.example/", short_policy, internet.network)
        stopping.set()
        thread.join(timeout=5)


@pytest.mark.slow
def test_a_slow_name_server_is_left(short_policy: FetchPolicy) -> None:
    released = threading.Event()

    def resolve_late(_host: str, _port: int) -> Sequence[str]:
        released.wait(30)
        return ["127.0.0.1"]

    assert_times_out("http://photos.example/", short_policy, Network(resolve=resolve_late))
    released.set()


@pytest.mark.slow
def test_a_chain_of_slow_hops_shares_one_deadline(
    internet: DisguisedInternet, short_policy: FetchPolicy
) -> None:
    url = "http://photos.example/redirect?/redirect?/redirect?/slow-body"
    assert_times_out(url, short_policy, internet.network)


@pytest.mark.slow
def test_silence_ends_at_the_read_timeout(internet: DisguisedInternet, policy: FetchPolicy) -> None:
    patient = replace(policy, total_timeout_seconds=30.0, read_timeout_seconds=0.5)
    started = time.monotonic()
    with pytest.raises(FetchTimedOut):
        fetch_image("http://photos.example/silent", patient, internet.network)
    assert time.monotonic() - started < 1.5


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/slow-body", "/slow-headers", "/slow-after-burst"])
def test_a_drip_is_left_long_before_the_deadline(
    path: str, internet: DisguisedInternet, policy: FetchPolicy
) -> None:
    """The minimum rate, where neither silence nor the deadline would end it."""
    patient = replace(policy, total_timeout_seconds=60.0, min_rate_window_seconds=0.5)
    started = time.monotonic()
    with pytest.raises(FetchTimedOut, match="too slowly"):
        fetch_image(f"http://photos.example{path}", patient, internet.network)
    assert time.monotonic() - started < 2.5


def test_a_drip_above_the_minimum_rate_arrives(
    internet: DisguisedInternet, policy: FetchPolicy
) -> None:
    """The rate is what ends a drip: 20 bytes a second are enough where 5 are asked for."""
    patient = replace(policy, min_rate_window_seconds=0.2, min_bytes_per_second=5)
    fetched = fetch_image("http://photos.example/slow-word", patient, internet.network)
    assert fetched.content == b"not an image"


def test_a_host_that_takes_no_connection_is_left_at_the_connect_timeout(
    policy: FetchPolicy,
) -> None:
    """A listener whose queue is full: Linux drops what comes then."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        patient = replace(
            policy,
            total_timeout_seconds=30.0,
            connect_timeout_seconds=0.3,
            allow_private_addresses=True,
            allowed_ports=frozenset({port}),
        )
        started = time.monotonic()
        with pytest.raises(FetchTimedOut):
            fetch_image(f"http://127.0.0.1:{port}/", patient)
        assert time.monotonic() - started < 1.3
        for sock in waiting:
            sock.close()
