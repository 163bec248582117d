"""Every hop is checked as the first one was."""

from dataclasses import replace

import pytest

from images.errors import BadAnswer, FetchFailed, TooManyRedirects, UrlRejected
from images.safe_fetch import FetchPolicy, fetch_image
from tests.hostile.behaviours import PNG
from tests.hostile.disguise import PUBLIC_ADDRESS, DisguisedInternet
from tests.hostile.hostile_server import HostileServer

pytestmark = pytest.mark.hostile

FORBIDDEN_LOCATIONS = (
    "http://127.0.0.1/image.png",
    "http://169.254.169.254/latest/meta-data",
    "//[::1]/image.png",
    "http://2130706433/",
    "http://user:word@photos.example/image.png",
    "http://photos.example:8080/image.png",
    "ftp://photos.example/image.png",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "http://inside.example/image.png",
    "http://[::1",
)


def test_relative_redirects_are_followed(internet: DisguisedInternet, policy: FetchPolicy) -> None:
    url = "http://photos.example/redirect?/redirect?image.png"
    fetched = fetch_image(url, policy, internet.network)
    assert fetched.content == PNG
    assert fetched.final_url == "http://photos.example/image.png"


@pytest.mark.parametrize("location", FORBIDDEN_LOCATIONS)
def test_redirect_to_a_forbidden_place_is_refused(
    location: str, server: HostileServer, policy: FetchPolicy
) -> None:
    internet = DisguisedInternet(
        names={"photos.example": [[PUBLIC_ADDRESS]], "inside.example": [["10.0.0.1"]]},
        loopback_ports={(PUBLIC_ADDRESS, 80): server.port},
    )
    with pytest.raises(UrlRejected):
        fetch_image(f"http://photos.example/redirect?{location}", policy, internet.network)
    assert internet.connections == [(PUBLIC_ADDRESS, 80)]


@pytest.mark.parametrize("path", ["/redirect-loop", "/redirect-ping"])
def test_redirects_end_after_five(
    path: str, internet: DisguisedInternet, policy: FetchPolicy, server: HostileServer
) -> None:
    with pytest.raises(TooManyRedirects):
        fetch_image(f"http://photos.example{path}", policy, internet.network)
    assert len(server.request_heads) == 6


def test_five_redirects_are_followed(
    internet: DisguisedInternet, policy: FetchPolicy, server: HostileServer
) -> None:
    url = "http://photos.example" + "/redirect?" * 5 + "/image.png"
    assert fetch_image(url, policy, internet.network).content == PNG
    assert len(server.request_heads) == 6
    assert not any("referer:" in head.lower() for head in server.request_heads)


@pytest.mark.parametrize("path", ["/redirect-folded", "/redirect-folded?tab"])
def test_a_location_with_control_characters_is_refused(
    path: str, internet: DisguisedInternet, policy: FetchPolicy, server: HostileServer
) -> None:
    with pytest.raises(UrlRejected):
        fetch_image(f"http://photos.example{path}", policy, internet.network)
    assert len(server.request_heads) == 1


@pytest.mark.parametrize("path", ["/redirect-nowhere", "/redirect-binary", "/redirect-two-ways"])
def test_redirect_that_leads_nowhere_is_a_bad_answer(
    path: str, internet: DisguisedInternet, policy: FetchPolicy
) -> None:
    with pytest.raises(BadAnswer):
        fetch_image(f"http://photos.example{path}", policy, internet.network)


def test_body_of_a_redirect_is_not_read(internet: DisguisedInternet, policy: FetchPolicy) -> None:
    url = "http://photos.example/redirect-endless"
    assert fetch_image(url, policy, internet.network).content == PNG


def test_cookies_are_not_kept(
    internet: DisguisedInternet, policy: FetchPolicy, server: HostileServer
) -> None:
    fetch_image("http://photos.example/cookies", policy, internet.network)
    assert len(server.request_heads) == 2
    assert not any("cookie:" in head.lower() for head in server.request_heads)


def test_a_rebinding_name_is_asked_once_a_hop(server: HostileServer, policy: FetchPolicy) -> None:
    internet = DisguisedInternet(
        names={"photos.example": [[PUBLIC_ADDRESS], ["127.0.0.1"]]},
        loopback_ports={(PUBLIC_ADDRESS, 80): server.port, ("127.0.0.1", 80): server.port},
    )
    fetch_image("http://photos.example/image.png", policy, internet.network)
    assert internet.lookups == ["photos.example"]
    assert internet.connections == [(PUBLIC_ADDRESS, 80)]


def test_a_name_that_rebinds_between_hops_is_refused(
    server: HostileServer, policy: FetchPolicy
) -> None:
    internet = DisguisedInternet(
        names={"photos.example": [[PUBLIC_ADDRESS], ["127.0.0.1"]]},
        loopback_ports={(PUBLIC_ADDRESS, 80): server.port, ("127.0.0.1", 80): server.port},
    )
    with pytest.raises(UrlRejected):
        fetch_image("http://photos.example/redirect?/image.png", policy, internet.network)
    assert internet.connections == [(PUBLIC_ADDRESS, 80)]


def test_the_next_address_is_tried_when_one_does_not_answer(
    server: HostileServer, policy: FetchPolicy
) -> None:
    internet = DisguisedInternet(
        names={"photos.example": [["2606:4700::1", PUBLIC_ADDRESS]]},
        loopback_ports={(PUBLIC_ADDRESS, 80): server.port},
    )
    fetch_image("http://photos.example/image.png", policy, internet.network)
    assert internet.connections == [("2606:4700::1", 80), (PUBLIC_ADDRESS, 80)]


def test_another_peer_than_the_checked_one_is_refused(
    server: HostileServer, open_policy: FetchPolicy, internet: DisguisedInternet
) -> None:
    network = replace(
        internet.network,
        resolve=lambda _host, _port: ["127.0.0.2"],
        connect=lambda _address, _port, _wait: internet.network.connect(PUBLIC_ADDRESS, 80, 1.0),
    )
    with pytest.raises(UrlRejected):
        fetch_image("http://photos.example/image.png", open_policy, network)
    assert server.request_heads == []


def test_an_unknown_name_is_retried_later(internet: DisguisedInternet, policy: FetchPolicy) -> None:
    with pytest.raises(FetchFailed) as caught:
        fetch_image("http://unknown.example/image.png", policy, internet.network)
    assert caught.value.retryable
