"""Small files of each format with metadata put in, by structure and not by an encoder's grace."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, PngImagePlugin

from tests.unit.images.made_images import encode, make_noise

WEB_UI = (
    "a lighthouse, storm\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, "
    "Seed: 1234, Size: 512x512, Model hash: abc, Model: dreamy_v3, Version: v1.9.4"
)


def png_chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data).to_bytes(4, "big")
    return len(data).to_bytes(4, "big") + name + data + checksum


def png_with(*chunks: bytes) -> bytes:
    """A PNG with these chunks before its IEND."""
    plain = encode(make_noise(1), "PNG")
    return plain[:-12] + b"".join(chunks) + plain[-12:]


def text_chunk(keyword: str, text: str) -> bytes:
    return png_chunk(b"tEXt", keyword.encode() + b"\0" + text.encode("latin-1"))


def png_texts(**texts: str) -> bytes:
    """A PNG whose texts were written by Pillow."""
    info = PngImagePlugin.PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword.replace("_", "-") if keyword == "sd_metadata" else keyword, text)
    return encode(make_noise(1), "PNG", pnginfo=info)


def jpeg_with(*segments: tuple[int, bytes]) -> bytes:
    """A JPEG with these segments (marker, data) behind its start."""
    plain = encode(make_noise(1), "JPEG")
    added = b"".join(
        bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2, "big") + data
        for marker, data in segments
    )
    return plain[:2] + added + plain[2:]


def exif_block(tags: dict[int, Any], comment: bytes | None = None) -> bytes:
    """An EXIF block by Pillow, without its `Exif\\0\\0`."""
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    if comment is not None:
        exif.get_ifd(0x8769)[0x9286] = comment
    return exif.tobytes().removeprefix(b"Exif\0\0")


def saved_with_exif(format_name: str, block: bytes) -> bytes:
    return encode(make_noise(1), format_name, exif=b"Exif\0\0" + block)


def xmp_packet(properties: str = "", attributes: str = "", before: str = "") -> bytes:
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{before}'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        f'xmlns:dcterms="http://purl.org/dc/terms/" {attributes}>{properties}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def saved_with_xmp(format_name: str, packet: bytes) -> bytes:
    """Pillow writes XMP into all but PNG and GIF."""
    if format_name == "PNG":
        return png_with(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))
    if format_name == "GIF":
        trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
        block = b"\x21\xff\x0bXMP DataXMP" + packet + trailer
        return encode(make_noise(1), "GIF")[:-1] + block + b";"
    if format_name == "TIFF":
        out = io.BytesIO()
        Image.fromarray(make_noise(1)).save(out, "TIFF", tiffinfo={700: packet})
        return out.getvalue()
    return encode(make_noise(1), format_name, xmp=packet)


def tiff_entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)
