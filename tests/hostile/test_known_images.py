"""An image that we have is not sent again; what a host says about that is not believed blindly."""

import pytest

from images.errors import BadAnswer
from images.safe_fetch import FetchedImage, FetchPolicy, NotModified, Validators, fetch_image
from tests.hostile.behaviours import ETAG, LAST_MODIFIED, PNG
from tests.hostile.disguise import DisguisedInternet
from tests.hostile.hostile_server import HostileServer

pytestmark = pytest.mark.hostile

HOST = "http://photos.example"


@pytest.mark.parametrize("path", ["/known.png", "/known.png?by-tag-alone", "/dated.png"])
def test_an_unchanged_image_is_not_sent_again(
    path: str, internet: DisguisedInternet, policy: FetchPolicy
) -> None:
    first = fetch_image(HOST + path, policy, internet.network)
    assert first.content == PNG
    again = fetch_image(HOST + path, policy, internet.network, known=first.validators)
    assert again == NotModified(HOST + path)


def test_both_validators_are_sent_as_they_came(
    internet: DisguisedInternet, policy: FetchPolicy, server: HostileServer
) -> None:
    known = fetch_image(f"{HOST}/known.png", policy, internet.network).validators
    assert known == Validators(f"{HOST}/known.png", ETAG, LAST_MODIFIED)
    fetch_image(f"{HOST}/known.png", policy, internet.network, known=known)
    assert f"If-None-Match: {ETAG}\r\n" in server.request_heads[1]
    assert f"If-Modified-Since: {LAST_MODIFIED}\r\n" in server.request_heads[1]


def test_a_changed_image_arrives_with_its_new_validators(
    internet: DisguisedInternet, policy: FetchPolicy
) -> None:
    old = Validators(f"{HOST}/known.png", '"v0"', "Tue, 20 Oct 2026 07:28:00 GMT")
    fetched = fetch_image(f"{HOST}/known.png", policy, internet.network, known=old)
    assert isinstance(fetched, FetchedImage)
    assert fetched.validators is not None
    assert fetched.validators.etag == ETAG


def test_validators_go_to_the_address_that_gave_them_alone(
    internet: DisguisedInternet, policy: FetchPolicy, server: HostileServer
) -> None:
    """A redirect that leads elsewhere today must not be answered by yesterday's tag."""
    known = Validators(f"{HOST}/known.png", ETAG, LAST_MODIFIED)
    fetched = fetch_image(f"{HOST}/redirect?/dated.png", policy, internet.network, known=known)
    assert isinstance(fetched, FetchedImage)
    assert not any("\r\nIf-" in head for head in server.request_heads)
    unchanged = fetch_image(f"{HOST}/redirect?/known.png", policy, internet.network, known=known)
    assert unchanged == NotModified(f"{HOST}/known.png")
    assert ["\r\nIf-" in head for head in server.request_heads[2:]] == [False, True]


def test_unchanged_without_a_question_is_a_bad_answer(
    internet: DisguisedInternet, policy: FetchPolicy
) -> None:
    elsewhere = Validators("http://other.example/", ETAG, None)
    for known in (None, elsewhere):
        with pytest.raises(BadAnswer):
            fetch_image(f"{HOST}/status?304", policy, internet.network, known=known)


def test_validators_in_no_plain_form_are_not_kept(
    internet: DisguisedInternet, policy: FetchPolicy
) -> None:
    fetched = fetch_image(f"{HOST}/validators-nonsense", policy, internet.network)
    assert (fetched.content, fetched.validators) == (PNG, None)
