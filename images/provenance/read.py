"""The one door to a file's own word: bytes to claims."""

from collections.abc import Callable
from contextlib import suppress

from images.provenance.blocks import MAX_C2PA_BYTES, Blocks, WalkEnded
from images.provenance.c2pa_manifest import read_c2pa
from images.provenance.claims import FileClaim
from images.provenance.exif import read_exif
from images.provenance.generator_text import read_generator_texts
from images.provenance.gif_blocks import walk_gif
from images.provenance.iso_boxes import walk_iso_boxes
from images.provenance.jpeg_segments import walk_jpeg
from images.provenance.png_chunks import SIGNATURE, walk_png
from images.provenance.tiff_file import walk_tiff
from images.provenance.trust_list import TrustList
from images.provenance.webp_chunks import walk_webp
from images.provenance.xmp import XmpFacts, XmpRefused, last_word, read_xmp

MAX_CLAIMS_OF_A_KIND = 4

_WALKERS: tuple[tuple[bytes, int, Callable[[bytes, Blocks], None]], ...] = (
    (SIGNATURE, 0, walk_png),
    (b"\xff\xd8\xff", 0, walk_jpeg),
    (b"WEBP", 8, walk_webp),
    (b"GIF8", 0, walk_gif),
    (b"ftyp", 4, walk_iso_boxes),
    (b"II", 0, walk_tiff),
    (b"MM", 0, walk_tiff),
)


def read_provenance(
    content: bytes, media_type: str, trust_list: TrustList
) -> tuple[FileClaim, ...]:
    """Everything that the file says about itself; first exactly one claim of the kind `c2pa`.

    Args:
        content: the bytes as they came.
        media_type: by content, as the decoder found it.
        trust_list: whose signatures count.
    """
    blocks = find_blocks(content)
    packets = [_read_packet(packet, blocks) for packet in blocks.xmp]
    claims = [
        _read_credentials(content, media_type, trust_list, blocks, packets),
        *_declared_source_types(packets),
        *_mentions_and_texts(blocks, packets),
    ]
    left_out = [FileClaim(kind, "unreadable") for kind in sorted(blocks.left_out)]
    return tuple(dict.fromkeys([*claims, *left_out]))


def find_blocks(content: bytes) -> Blocks:
    """The metadata blocks of a file; as far as its structure holds."""
    blocks = Blocks()
    for mark, at, walk in _WALKERS:
        if content.startswith(mark, at):
            with suppress(WalkEnded):
                walk(content, blocks)
            break
    return blocks


def _read_packet(packet: bytes, blocks: Blocks) -> XmpFacts:
    try:
        return read_xmp(packet)
    except XmpRefused:
        blocks.left_out.add("iptc")
        return XmpFacts()


def _read_credentials(
    content: bytes,
    media_type: str,
    trust_list: TrustList,
    blocks: Blocks,
    packets: list[XmpFacts],
) -> FileClaim:
    if blocks.c2pa_bytes > MAX_C2PA_BYTES:
        return FileClaim("c2pa", "unreadable", trust_list=trust_list.title)
    if blocks.c2pa_bytes:
        return read_c2pa(content, media_type, trust_list)
    is_elsewhere = any(facts.points_to_credentials for facts in packets)
    return FileClaim("c2pa", "not_fetched" if is_elsewhere else "none", trust_list=trust_list.title)


def _declared_source_types(packets: list[XmpFacts]) -> list[FileClaim]:
    words = [last_word(source_type) for facts in packets for source_type in facts.source_types]
    return [
        FileClaim("iptc", "declared", source_type=word)
        for word in list(dict.fromkeys(filter(None, words)))[:MAX_CLAIMS_OF_A_KIND]
    ]


def _mentions_and_texts(blocks: Blocks, packets: list[XmpFacts]) -> list[FileClaim]:
    exif = [read_exif(block) for block in blocks.exif]
    texts = [*blocks.texts, *(text for facts in exif for text in facts.texts)]
    mentions = [mention for facts in exif for mention in facts.mentions]
    mentions += [FileClaim("exif", "software", who=facts.tool) for facts in packets if facts.tool]
    return [*read_generator_texts(texts), *list(dict.fromkeys(mentions))[:MAX_CLAIMS_OF_A_KIND]]
