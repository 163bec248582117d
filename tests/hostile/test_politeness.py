"""A host is not asked faster than at its pace, nor before it wants to be asked again."""

import threading
import time
from dataclasses import replace

import pytest

from images.errors import FetchFailed, HostBusy, UrlRejected
from images.host_turns import LocalTurns
from images.safe_fetch import FetchPolicy, Network, fetch_image
from tests.hostile.disguise import DisguisedInternet
from tests.hostile.hostile_server import HostileServer

pytestmark = pytest.mark.hostile

URL = "http://photos.example/image.png"


def test_threads_share_the_pace_of_a_host(
    internet: DisguisedInternet, policy: FetchPolicy, server: HostileServer
) -> None:
    """Ten a second and ten at once: the last of 25 starts 1.4 seconds after the first."""
    network = replace(internet.network, turns=LocalTurns(requests_per_second=10))
    threads = [threading.Thread(target=fetch_image, args=(URL, policy, network)) for _ in range(25)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.request_heads) == 25
    assert time.monotonic() - started > 1.3


def test_every_hop_takes_a_turn(
    internet: DisguisedInternet, policy: FetchPolicy, server: HostileServer
) -> None:
    network = replace(internet.network, turns=LocalTurns(requests_per_second=0.5))
    short = replace(policy, total_timeout_seconds=1.0)
    with pytest.raises(HostBusy):
        fetch_image("http://photos.example/redirect?/redirect?/image.png", short, network)
    assert len(server.request_heads) == 1


def test_a_host_that_asks_for_time_gets_it(
    internet: DisguisedInternet, policy: FetchPolicy, server: HostileServer
) -> None:
    network = internet.network
    with pytest.raises(FetchFailed):
        fetch_image("http://photos.example/wait?120", policy, network)
    with pytest.raises(HostBusy) as caught:
        fetch_image(URL, policy, network)
    assert 110 < caught.value.after_seconds <= 120
    assert len(server.request_heads) == 1


def test_what_is_refused_takes_no_turn(policy: FetchPolicy) -> None:
    network = Network(resolve=lambda _host, _port: ["10.0.0.1"], turns=LocalTurns(0.001))
    for _ in range(5):
        with pytest.raises(UrlRejected):
            fetch_image(URL, policy, network)
