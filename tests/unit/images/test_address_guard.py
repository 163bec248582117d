"""Which addresses are public, which open by setting, and which never do."""

from ipaddress import ip_address

import pytest

from images.address_guard import check_addresses, is_allowed_address, is_public_address
from images.errors import UrlRejected

PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450:4001::200e",
    "2003::1",
    "64:ff9b::8.8.8.8",  # DNS64 on an IPv6-only host
)
PRIVATE = ("127.0.0.1", "10.0.0.1", "172.20.1.1", "192.168.0.1", "100.64.1.1", "::1", "fd12::1")
CLOSED = (
    "0.0.0.0",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
    "::ffff:8.8.8.8",
    "::8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "2002:808:808::1",
    "2001::1",
    "2001:db8::1",
    "2606:4700::5efe:8.8.8.8",
    "fd00:ec2::254",
    "4000::1",
)


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text: str) -> None:
    address = ip_address(text)
    assert is_public_address(address)
    assert is_allowed_address(address, allow_private_addresses=False)


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_open_by_setting(text: str) -> None:
    address = ip_address(text)
    assert not is_public_address(address)
    assert not is_allowed_address(address, allow_private_addresses=False)
    assert is_allowed_address(address, allow_private_addresses=True)


@pytest.mark.parametrize("text", CLOSED)
def test_closed_addresses_stay_closed(text: str) -> None:
    assert not is_allowed_address(ip_address(text), allow_private_addresses=False)
    assert not is_allowed_address(ip_address(text), allow_private_addresses=True)


def test_nothing_is_public_that_the_standard_library_calls_special() -> None:
    """A second opinion over a spread of addresses; ours may be stricter, never laxer."""
    for high in range(256):
        for low in range(0, 256, 5):
            address = ip_address(f"{high}.{low}.7.9")
            assert address.is_global or not is_public_address(address), address


def test_answers_keep_their_order_and_lose_their_doubles() -> None:
    answers = ("2606:4700::1", "8.8.8.8", "8.8.8.8")
    assert [str(address) for address in check_addresses(answers, False)] == [
        "2606:4700::1",
        "8.8.8.8",
    ]


def test_one_forbidden_answer_refuses_all_and_is_not_named() -> None:
    with pytest.raises(UrlRejected) as caught:
        check_addresses(("8.8.8.8", "10.1.2.3"), False)
    assert "10.1.2.3" not in str(caught.value)
