"""TLS goes by the name in the URL, although the connection goes by the address."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from images.errors import CertificateRejected, FetchFailed, UrlRejected
from images.safe_fetch import FetchPolicy, fetch_image
from tests.hostile.behaviours import PNG
from tests.hostile.certificates import Authority
from tests.hostile.disguise import PUBLIC_ADDRESS, DisguisedInternet
from tests.hostile.hostile_server import HostileServer

pytestmark = pytest.mark.hostile

URL = "https://photos.example/image.png"


@contextmanager
def secure_host(tls: ssl.SSLContext) -> Iterator[tuple[HostileServer, DisguisedInternet]]:
    """`photos.example` on port 443, with what `tls` proves."""
    with HostileServer(tls) as server:
        yield (
            server,
            DisguisedInternet(
                names={"photos.example": [[PUBLIC_ADDRESS]]},
                loopback_ports={(PUBLIC_ADDRESS, 443): server.port},
            ),
        )


@pytest.fixture
def trusting_policy(policy: FetchPolicy, authority: Authority) -> FetchPolicy:
    return replace(policy, ca_bundle_path=authority.bundle_path)


def test_the_name_is_asked_for_and_verified(
    authority: Authority, trusting_policy: FetchPolicy
) -> None:
    with secure_host(authority.server_context("photos.example")) as (server, internet):
        fetched = fetch_image(URL, trusting_policy, internet.network)
    assert fetched.content == PNG
    assert server.server_names == ["photos.example"]
    assert "Host: photos.example\r\n" in server.request_heads[0]


@pytest.mark.parametrize("name", ["other.example", PUBLIC_ADDRESS, "*.photos.example"])
def test_a_certificate_for_another_name_is_rejected(
    name: str, authority: Authority, trusting_policy: FetchPolicy
) -> None:
    with secure_host(authority.server_context(name)) as (server, internet):
        with pytest.raises(CertificateRejected) as caught:
            fetch_image(URL, trusting_policy, internet.network)
        assert server.request_heads == []
    assert not caught.value.retryable


def test_an_authority_from_the_environment_is_not_trusted(
    authority: Authority, policy: FetchPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, authority.bundle_path)
    with (
        secure_host(authority.server_context("photos.example")) as (_, internet),
        pytest.raises(CertificateRejected),
    ):
        fetch_image(URL, policy, internet.network)


def test_an_unknown_authority_is_rejected(authority: Authority, policy: FetchPolicy) -> None:
    with (
        secure_host(authority.server_context("photos.example")) as (_, internet),
        pytest.raises(CertificateRejected),
    ):
        fetch_image(URL, policy, internet.network)


def test_an_expired_certificate_is_rejected(
    authority: Authority, trusting_policy: FetchPolicy
) -> None:
    tls = authority.server_context("photos.example", is_expired=True)
    with secure_host(tls) as (_, internet), pytest.raises(CertificateRejected):
        fetch_image(URL, trusting_policy, internet.network)


def test_a_host_that_speaks_no_tls_is_a_failure(
    server: HostileServer, trusting_policy: FetchPolicy
) -> None:
    internet = DisguisedInternet(
        names={"photos.example": [[PUBLIC_ADDRESS]]},
        loopback_ports={(PUBLIC_ADDRESS, 443): server.port},
    )
    with pytest.raises(FetchFailed):
        fetch_image(URL, trusting_policy, internet.network)


def test_a_redirect_from_https_to_http_is_refused(
    authority: Authority, trusting_policy: FetchPolicy
) -> None:
    with secure_host(authority.server_context("photos.example")) as (_, internet):
        url = "https://photos.example/redirect?http://photos.example/image.png"
        with pytest.raises(UrlRejected):
            fetch_image(url, trusting_policy, internet.network)
        assert internet.connections == [(PUBLIC_ADDRESS, 443)]
