"""Every way we know to write an address that must not be connected to. Tables and pure functions.

The ranges are those of the IANA special-purpose registries, each by its first and last address and
one that matters; the spellings are what browsers, inet_aton and URL parsers have been seen to read.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

FORBIDDEN_IPV4 = (
    *("0.0.0.0", "0.255.255.255"),  # this network, RFC 791
    *("10.0.0.0", "10.1.2.3", "10.255.255.255"),  # private, RFC 1918
    *("100.64.0.0", "100.100.100.200", "100.127.255.255"),  # shared, RFC 6598, with metadata
    *("127.0.0.0", "127.0.0.1", "127.255.255.255"),  # loopback
    *("168.63.129.16",),  # a cloud's metadata in public space
    *("169.254.0.0", "169.254.169.254", "169.254.170.2", "169.254.255.255"),  # link-local
    *("172.16.0.0", "172.17.0.1", "172.31.255.255"),  # private
    *("192.0.0.0", "192.0.0.192", "192.0.0.255"),  # protocol assignments
    *("192.0.2.0", "192.0.2.255", "198.51.100.0", "198.51.100.255"),  # documentation
    *("203.0.113.0", "203.0.113.255"),
    *("192.88.99.0", "192.88.99.255"),  # 6to4 relays
    *("192.168.0.0", "192.168.1.1", "192.168.255.255"),  # private
    *("198.18.0.0", "198.19.255.255"),  # benchmarks
    *("224.0.0.0", "224.0.0.251", "239.255.255.255"),  # multicast
    *("240.0.0.0", "255.255.255.254", "255.255.255.255"),  # reserved, broadcast
)
FORBIDDEN_IPV6 = (
    *("::", "::1", "::2"),
    *("100::", "100::ffff:ffff:ffff:ffff", "100:0:0:1::1"),  # discard, RFC 6666; dummy, RFC 9780
    *("2001::", "2001:1::1", "2001:2::1", "2001:3::1", "2001:4:112::1"),  # assignments, 2001::/23
    *("2001:10::1", "2001:20::1", "2001:30::1", "2001:1ff:ffff::1"),  # ORCHID, drone tags
    *("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),  # documentation
    *("3fff::", "3fff:fff:ffff::1"),  # documentation, RFC 9637
    *("5f00::1",),  # segment routing, RFC 9602
    *("fc00::", "fd00:ec2::254", "fd20:ce::254", "fdff::1"),  # unique local, with metadata
    *("fe80::", "fe80::1", "fe80::a9fe:a9fe", "febf:ffff::1"),  # link-local
    *("fec0::1", "feff::1"),  # site-local, RFC 3879
    *("ff01::1", "ff02::1", "ff02::fb", "ff05::1", "ff0e::1", "ffff::1"),  # multicast
    *("200::1", "400::1", "1000::1", "4000::1", "8000::1", "e000::1", "fe00::1"),  # reserved
)
# The nearest addresses that anyone may have: a guard that refuses these is too wide.
PUBLIC_NEIGHBOURS = (
    *("1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"),
    *("126.255.255.255", "128.0.0.0", "168.63.129.15", "168.63.129.17"),
    *("169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0"),
    *("191.255.255.255", "192.0.1.0", "192.0.1.255", "192.0.3.0", "192.88.98.255", "192.88.100.0"),
    *("192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0"),
    *("198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255"),
    *("2001:200::", "2001:db7:ffff::1", "2001:db9::", "2003::", "2606:4700::1111", "2a00::1"),
)
_PUBLIC_PREFIX = 0x2606_4700 << 96


def embeddings(inside: IPv4Address) -> Iterator[tuple[str, IPv6Address]]:
    """Every IPv6 address with a known place for an IPv4 address in it, by the name of the form."""
    v4 = int(inside)
    yield "mapped, RFC 4291", IPv6Address(0xFFFF << 32 | v4)
    yield "compatible, RFC 4291", IPv6Address(v4)
    yield "translated, RFC 2765", IPv6Address(0xFFFF << 48 | v4)
    yield "NAT64, RFC 6052", IPv6Address(0x64_FF9B << 96 | v4)
    local = 0x0064_FF9B_0001 << 80
    yield "local NAT64 at /48, RFC 8215", IPv6Address(local | _around_u_octet(v4, 48))
    yield "local NAT64 at /56", IPv6Address(local | 0xAB << 72 | _around_u_octet(v4, 56))
    yield "local NAT64 at /64", IPv6Address(local | 0xABCD << 64 | _around_u_octet(v4, 64))
    yield "local NAT64 at /96", IPv6Address(local | v4)
    yield "6to4, RFC 3056", IPv6Address(0x2002 << 112 | v4 << 80)
    yield "6to4 with a host", IPv6Address(0x2002 << 112 | v4 << 80 | 1)
    yield (
        "Teredo client, RFC 4380",
        IPv6Address(0x2001 << 112 | 0x0808_0808 << 64 | v4 ^ 0xFFFFFFFF),
    )
    yield "Teredo server", IPv6Address(0x2001 << 112 | v4 << 64 | 0xF7F7_F7F7)
    for bits in (0x0000, 0x0100, 0x0200, 0x0300):
        interface = bits << 48 | 0x5EFE << 32 | v4
        yield f"ISATAP {bits:04x}, RFC 5214", IPv6Address(_PUBLIC_PREFIX | interface)
    yield "ISATAP on the link", IPv6Address(0xFE80 << 112 | 0x5EFE << 32 | v4)


def _around_u_octet(v4: int, prefix_bits: int) -> int:
    """An IPv4 address behind a prefix; bits 64 to 71 stay zero (RFC 6052, 2.2)."""
    before = 64 - prefix_bits
    high, low = v4 >> (32 - before), v4 & ((1 << (32 - before)) - 1)
    return high << 64 | low << (56 - (32 - before))


def spell_ipv4(address: IPv4Address) -> Iterator[str]:
    """Hosts of a URL that some parser reads as this address."""
    a, b, c, d = address.packed
    number = int(address)
    yield str(address)
    yield f"{address}."
    yield str(number)
    yield f"{number}."
    yield f"0x{number:08x}"
    yield f"0X{number:X}"
    yield f"0{number:o}"
    yield f"{number + 2**32}"
    yield f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"
    yield f"0{a:o}.0{b:o}.0{c:o}.0{d:o}"
    yield f"{a:04o}.{b:04o}.{c:04o}.{d:04o}"
    yield f"{a:03d}.{b:03d}.{c:03d}.{d:03d}" if min(a, b, c, d) < 100 else f"{a}.{b}.{c}.0{d}"
    yield f"0x{a:x}.{b}.0{c:o}.{d}"
    yield f"{a}.{number & 0xFFFFFF}"
    yield f"{a}.{b}.{number & 0xFFFF}"
    yield f"{a}.0x{number & 0xFFFFFF:x}"
    yield f"{a + 256}.{b}.{c}.{d}"
    yield f"{a}.{b}.{c}.{d}.0"
    yield str(address).translate(_FULL_WIDTH)
    yield str(address).translate(_CIRCLED)
    yield str(address).translate(_ARABIC)
    for dot in "。．｡":
        yield str(address).replace(".", dot)
    yield "".join(f"%{ord(character):02x}" for character in str(address))
    yield f"[{address}]"
    yield f"{address}%00.example"
    yield f"{address}\\.example"
    yield f"photos.example@{address}"


_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def spell_ipv6(address: IPv6Address) -> Iterator[str]:
    """Hosts of a URL that some parser reads as this address."""
    yield f"[{address}]"
    yield f"[{address.exploded.upper()}]"
    yield f"[{_with_dotted_end(address)}]"
    yield f"[{address}%25eth0]"
    yield f"[{address}%1]"
    yield f"[v6.{address}]"
    yield f"{address}"


def _with_dotted_end(address: IPv6Address) -> str:
    groups = address.exploded.split(":")
    return ":".join([*groups[:6], str(IPv4Address(int(address) & 0xFFFFFFFF))])


def forbidden_addresses() -> Iterator[str]:
    """Addresses that a name server may answer and nobody may connect to."""
    yield from FORBIDDEN_IPV4
    yield from FORBIDDEN_IPV6
    for inside in FORBIDDEN_IPV4:
        yield from (str(address) for _, address in embeddings(IPv4Address(inside)))
    for form, address in embeddings(IPv4Address("8.8.8.8")):
        if form != "NAT64, RFC 6052":  # what DNS64 answers for a public host
            yield str(address)


def forbidden_hosts() -> Iterator[str]:
    """Hosts of URLs that must be refused."""
    for text in FORBIDDEN_IPV4:
        yield from spell_ipv4(IPv4Address(text))
    for text in FORBIDDEN_IPV6:
        yield from spell_ipv6(IPv6Address(text))
    for inside in (*FORBIDDEN_IPV4, "8.8.8.8"):
        for _, address in embeddings(IPv4Address(inside)):
            yield from spell_ipv6(address)
