"""XMP, EXIF and the walkers under them: what counts, what does not, and their limits."""

import struct
import time
import zlib

import pytest

from images.provenance import blocks as limits
from images.provenance.blocks import Blocks
from images.provenance.claims import FileClaim, printable
from images.provenance.exif import read_exif
from images.provenance.read import find_blocks, read_provenance
from images.provenance.tiff_tags import read_head, read_tags
from images.provenance.trust_list import NO_TRUST_LIST
from images.provenance.xmp import XmpRefused, last_word, read_xmp
from tests.content_credentials import AI, CAMERA, NEWSCODES
from tests.unit.images.made_images import SAVE_OPTIONS, encode, make_noise
from tests.unit.images.provenance.carriers import (
    exif_block,
    jpeg_with,
    png_chunk,
    png_with,
    saved_with_exif,
    saved_with_xmp,
    tiff_entry,
    xmp_packet,
)

DECLARES_AI = xmp_packet(attributes=f'e:DigitalSourceType="{NEWSCODES}{AI}"')


def claims_of(content: bytes, media_type: str = "image/jpeg") -> list[FileClaim]:
    first, *others = read_provenance(content, media_type, NO_TRUST_LIST)
    assert first.kind == "c2pa"
    return others


@pytest.mark.parametrize("format_name", [name for name in SAVE_OPTIONS if name != "BMP"])
def test_the_source_type_is_found_in_every_format(format_name: str) -> None:
    content = saved_with_xmp(format_name, DECLARES_AI)
    assert FileClaim("iptc", "declared", source_type=AI) in claims_of(content)


@pytest.mark.parametrize(
    "packet",
    [
        xmp_packet(f"<e:DigitalSourceType>{NEWSCODES}{CAMERA}</e:DigitalSourceType>"),
        xmp_packet(f'<e:DigitalSourceType rdf:resource="{NEWSCODES}{CAMERA}"/>'),
        b"\xef\xbb\xbf" + xmp_packet(attributes=f'e:DigitalSourceType="{NEWSCODES}{CAMERA}"'),
        xmp_packet(attributes=f'e:DigitalSourceType=" {NEWSCODES}{CAMERA}/ "') + b"\0 \n" * 50,
    ],
    ids=["element", "resource", "mark", "padded"],
)
def test_each_way_to_write_a_property(packet: bytes) -> None:
    assert [last_word(each) for each in read_xmp(packet).source_types] == [CAMERA]


def test_an_ingredients_source_type_is_not_the_pictures() -> None:
    inner = f'<rdf:Description e:DigitalSourceType="{NEWSCODES}{AI}"/>'
    bag = f"<xmp:Ingredients><rdf:Bag><rdf:li>{inner}</rdf:li></rdf:Bag></xmp:Ingredients>"
    nested = f"<xmp:From>{inner}</xmp:From>"
    assert read_xmp(xmp_packet(bag + nested)).source_types == []


def test_an_unknown_source_type_is_kept_short_and_printable() -> None:
    assert last_word("my own \x1b[31mword\u202e" + "x" * 500) == (
        "my own [31mword" + "x" * 64 + "…"
    )


def test_entities_are_refused_and_never_expanded() -> None:
    nested = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY a0 "ha">{nested}]>'
    outside = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    for before in (bomb, outside, "<!DOCTYPE x>"):
        with pytest.raises(XmpRefused):
            read_xmp(xmp_packet("<xmp:CreatorTool>&a9;</xmp:CreatorTool>", before=before))
    content = saved_with_xmp("JPEG", xmp_packet(before=bomb))
    assert claims_of(content) == [FileClaim("iptc", "unreadable")]


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"<a",
        b"\xff\xfe<\0a\0",
        b"<a>" * 70 + b"</a>" * 70,
        b"<a>" + b"<b/>" * 60_000 + b"</a>",
        b"<a b='&unknown;'/>",
        b'<?xml version="1.0" encoding="utf-7"?><a',
    ],
    ids=range(7),
)
def test_what_is_no_bearable_xml_is_refused(packet: bytes) -> None:
    with pytest.raises(XmpRefused):
        read_xmp(packet)


def test_credentials_kept_elsewhere_are_named_and_not_fetched() -> None:
    packet = xmp_packet(attributes='dcterms:provenance="https://example.org/m.c2pa"')
    state = read_provenance(saved_with_xmp("JPEG", packet), "image/jpeg", NO_TRUST_LIST)[0].state
    assert state == "not_fetched"


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF"])
def test_camera_and_software_are_mentions(format_name: str) -> None:
    block = exif_block({0x010F: "Canon", 0x0110: "Canon EOS R5", 0x0131: "Firmware 1.8"})
    assert claims_of(saved_with_exif(format_name, block)) == [
        FileClaim("exif", "camera", who="Canon EOS R5"),
        FileClaim("exif", "software", who="Firmware 1.8"),
    ]


def test_the_tool_in_xmp_is_a_mention() -> None:
    content = saved_with_xmp("JPEG", xmp_packet(attributes='xmp:CreatorTool="Adobe Photoshop 26"'))
    assert claims_of(content) == [FileClaim("exif", "software", who="Adobe Photoshop 26")]


def test_names_that_strangers_wrote_are_made_printable() -> None:
    assert printable("a\x00b\x1b[2J\u202e\ud800 c\n\nd") == "ab[2J cd"
    assert printable("x" * 200) == "x" * 79 + "…"
    assert printable("\x00\x01") is None
    assert printable(["Canon"]) is None


def test_tags_of_both_byte_orders_and_of_big_tiff() -> None:
    little = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1)
    little += tiff_entry(0x0131, 2, 8, 26) + bytes(4) + b"Paint 1\0"
    big = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", 1)
    big += struct.pack(">HHII", 0x0131, 2, 8, 26) + bytes(4) + b"Paint 1\0"
    wide = b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 1)
    wide += struct.pack("<HHQ", 0x0131, 2, 8) + b"Paint 1\0" + bytes(8)
    for block in (little, big, wide):
        assert [mention.who for mention in read_exif(block).mentions] == ["Paint 1"]


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0" + struct.pack("<IH", 8, 0xFFFF),
        # A directory that is its own EXIF directory, and values that reach past the end.
        b"II*\0"
        + struct.pack("<IH", 8, 2)
        + tiff_entry(0x8769, 4, 1, 8)
        + tiff_entry(0x0131, 2, 1 << 31, 4),
        b"II*\0" + struct.pack("<IH", 8, 1) + tiff_entry(0x0131, 2, 100, 0xFFFFFFF0),
    ],
    ids=range(6),
)
def test_broken_exif_has_nothing_to_say(block: bytes) -> None:
    assert read_exif(block).mentions == ()


def test_only_the_wanted_tags_are_read_of_a_block_of_many() -> None:
    entries = b"".join(tiff_entry(tag, 7, 500_000, 0) for tag in range(60_000))
    block = b"II*\0" + struct.pack("<IH", 8, 60_000) + entries
    head = read_head(block)
    assert head is not None
    assert set(read_tags(block, head, 8, {5, 50_000})) == {5}


def test_limits_leave_out_and_say_so() -> None:
    many_texts = png_with(*[png_chunk(b"tEXt", b"k\0t")] * (limits.MAX_TEXTS + 1))
    assert find_blocks(many_texts).left_out == {"generator_text"}
    large_exif = png_with(png_chunk(b"eXIf", b"II*\0" + bytes(limits.MAX_EXIF_BYTES)))
    assert find_blocks(large_exif).left_out == {"exif"}
    large_xmp = png_with(
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + bytes(limits.MAX_XMP_BYTES + 1))
    )
    assert find_blocks(large_xmp).left_out == {"iptc"}
    assert claims_of(large_xmp) == [FileClaim("iptc", "unreadable")]
    large_store = png_with(png_chunk(b"caBX", bytes(limits.MAX_C2PA_BYTES + 1)))
    assert read_provenance(large_store, "image/png", NO_TRUST_LIST)[0].state == "unreadable"


def many_extents() -> bytes:
    """An AVIF whose one XMP item has 60,000 parts of no bytes."""

    def box(name: bytes, data: bytes) -> bytes:
        return (8 + len(data)).to_bytes(4, "big") + name + data

    entry = b"\2\0\0\0" + b"\0\1\0\0mime\0application/rdf+xml\0"
    iinf = box(b"iinf", b"\0\0\0\0\0\1" + box(b"infe", entry))
    item = b"\0\1\0\0" + (4096).to_bytes(2, "big") + bytes(4096 * 8)
    iloc = box(b"iloc", b"\0\0\0\0\x44\0" + (40).to_bytes(2, "big") + item * 40)
    head = box(b"ftyp", b"avif\0\0\0\0")
    return head + box(b"meta", b"\0\0\0\0" + iinf + iloc) * 12


INFLATES = png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes((2 << 20) - 1), 9))
OVERFLOWS = png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(4 << 20), 9))
ATTRIBUTES = b"XML:com.adobe.xmp\0\0\0\0\0<a " + b" ".join(
    b'a%d="x"' % number for number in range(180_000)
)
SLOWEST = {
    "png of texts that inflate": png_with(INFLATES * 4000),
    "png of texts that inflate too far": png_with(OVERFLOWS * 2000),
    "png of large packets": png_with(png_chunk(b"iTXt", ATTRIBUTES + b"/>") * 10),
    "avif of many extents": many_extents(),
    "png of empty chunks": png_with(png_chunk(b"abCd", b"") * 1_000_000),
    "jpeg of fill bytes": b"\xff\xd8\xff" + b"\xff" * 12_000_000,
    "jpeg of bare markers": b"\xff\xd8" + b"\xff\xd0" * 6_000_000,
    "webp of empty chunks": b"RIFF" + (24 << 20).to_bytes(4, "little") + b"WEBP" + bytes(24 << 20),
    "gif of one-byte blocks": b"GIF89a" + bytes(7) + b"\x21\xfe" + b"\1\1" * 6_000_000,
    "boxes without content": b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\0\x08free" * 1_000_000,
}


@pytest.mark.parametrize("name", SLOWEST)
def test_a_file_of_nothing_but_structure_is_left_early(name: str) -> None:
    started = time.process_time()
    read_provenance(SLOWEST[name], "image/x", NO_TRUST_LIST)
    assert time.process_time() - started < 15.0


def test_a_walk_counts_its_steps() -> None:
    assert find_blocks(SLOWEST["png of empty chunks"]).left_out == {"generator_text"}


def test_xmp_in_a_segment_of_another_kind_is_not_read() -> None:
    assert claims_of(jpeg_with((0xE2, b"http://ns.adobe.com/xap/1.0/\0" + DECLARES_AI))) == []


def test_every_cut_of_a_file_is_read_without_an_error() -> None:
    for format_name in SAVE_OPTIONS:
        content = (
            saved_with_xmp(format_name, DECLARES_AI)
            if format_name != "BMP"
            else encode(make_noise(1), "BMP")
        )
        for end in range(0, len(content), 7):
            assert isinstance(find_blocks(content[:end]), Blocks)
            read_provenance(content[:end], "image/png", NO_TRUST_LIST)
