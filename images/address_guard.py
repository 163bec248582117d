"""Decides which IP addresses may be connected to. Pure: the standard library, no lookups.

The list is our own, and not `ipaddress.is_global`, whose meaning moves with Python releases.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from images.errors import UrlRejected

IpAddress = IPv4Address | IPv6Address
_IpNetwork = IPv4Network | IPv6Network


def _networks(texts: Iterable[str]) -> tuple[_IpNetwork, ...]:
    return tuple(ip_network(text) for text in texts)


# IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its successors).
# Private: closed by default, opened by `allow_private_addresses`.
_PRIVATE = _networks(
    (
        "127.0.0.0/8",  # loopback, RFC 1122
        "10.0.0.0/8",  # RFC 1918
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # shared by carriers, RFC 6598
        "::1/128",
        "fc00::/7",  # unique local, RFC 4193
    )
)
# Closed always: where cloud machines ask for their credentials. Most of these lie in link-local
# space; the rest hides in shared, unique-local and even public space.
_METADATA = _networks(("100.100.100.200/32", "168.63.129.16/32", "fd00:ec2::/32", "fd20:ce::/64"))
# Closed always: no host on the internet, nor on an intranet, answers from here.
_NEVER_IPV4 = _networks(
    (
        "0.0.0.0/8",  # "this network": Linux connects 0.0.0.0 to itself
        "169.254.0.0/16",  # link-local, RFC 3927
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, with the broadcast address
    )
)
# IPv6 is an allow-list: only what IANA gives out (2000::/3) can be public, so IPv4-mapped,
# IPv4-compatible, link-local, site-local, multicast and discard forms fall out by themselves.
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_NEVER_IPV6 = _networks(
    (
        "2001::/23",  # protocol assignments with Teredo (RFC 4380), ORCHID, benchmarks
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056: embeds any IPv4 address
        "3fff::/20",  # documentation, RFC 9637
    )
)
# DNS64 answers in this prefix on IPv6-only hosts (RFC 6052); what counts is the IPv4 inside.
_NAT64 = IPv6Network("64:ff9b::/96")
# Upper half of an interface identifier (RFC 5214, 6.1), whatever its u and g bits say.
_ISATAP_MARK, _ISATAP_MASK = 0x00005EFE, 0xFCFFFFFF


def is_public_address(address: IpAddress) -> bool:
    """Whether the address is one that any host on the internet may have."""
    if _is_in(address, _METADATA):
        return False
    if isinstance(address, IPv4Address):
        return not _is_in(address, _PRIVATE) and not _is_in(address, _NEVER_IPV4)
    return _is_public_ipv6(address)


def is_allowed_address(address: IpAddress, allow_private_addresses: bool) -> bool:
    """Whether a fetch may connect here.

    Private addresses open by setting; link-local and cloud metadata addresses never do.
    """
    if is_public_address(address):
        return True
    if not allow_private_addresses or _is_in(address, _METADATA):
        return False
    return _is_in(address, _PRIVATE)


def check_addresses(answers: Iterable[str], allow_private_addresses: bool) -> tuple[IpAddress, ...]:
    """Accept the answers to one name lookup, or none of them.

    One forbidden address among public ones refuses the name: no honest host mixes them.

    Raises:
        UrlRejected: an answer is forbidden or is no address. The message does not say which.
    """
    addresses = tuple(dict.fromkeys(_parse_answer(answer) for answer in answers))
    if not all(is_allowed_address(address, allow_private_addresses) for address in addresses):
        raise UrlRejected(
            "The address leads into a private or reserved network, and is not fetched. "
            "Use an image on a public web site, or upload the image itself."
        )
    return addresses


def check_literal(address: IpAddress, allow_private_addresses: bool) -> tuple[IpAddress, ...]:
    """As `check_addresses`, for an address that stands in a URL itself.

    Only name servers have a reason to write an IPv4 address into NAT64's prefix (RFC 6147).

    Raises:
        UrlRejected: the address is forbidden.
    """
    if address in _NAT64:
        raise UrlRejected("The address hides another one in it. Use the site's name.")
    return check_addresses((str(address),), allow_private_addresses)


def _parse_answer(answer: str) -> IpAddress:
    try:
        address = ip_address(answer)
    except ValueError as error:
        raise UrlRejected("The host's name does not lead to an address on the internet.") from error
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise UrlRejected("The host's name leads to an address of the local link only.")
    return address


def _is_public_ipv6(address: IPv6Address) -> bool:
    if address in _NAT64:
        return is_public_address(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.scope_id is not None or address not in _GLOBAL_IPV6:
        return False
    return not _is_in(address, _NEVER_IPV6) and not _is_isatap(address)


def _is_isatap(address: IPv6Address) -> bool:
    return (int(address) >> 32) & _ISATAP_MASK == _ISATAP_MARK


def _is_in(address: IpAddress, networks: tuple[_IpNetwork, ...]) -> bool:
    return any(address in network for network in networks)
