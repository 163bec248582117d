"""Feeds one metadata reader with what atheris (libFuzzer) thinks of, from files of our own making.

    pip install atheris
    python -m tests.fuzz.fuzz_metadata READER CORPUS_FOLDER -max_total_time=120

READER is one of the keys of `READERS`. The folder is made, and filled with the first files; what
is found interesting is added to it, and what fails is written beside it. An error, an answer after
five seconds, or memory of a gibibyte ends the run.
"""

import json
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["images", "json"]):
    from images.provenance.claims import FileClaim, printable
    from images.provenance.exif import read_exif
    from images.provenance.generator_text import read_generator_texts
    from images.provenance.read import read_provenance
    from images.provenance.trust_list import TrustList
    from images.provenance.xmp import XmpRefused, last_word, read_xmp

from tests.content_credentials import AI, CAMERA, NEWSCODES, Authority
from tests.timestamp_authority import TimestampAuthority
from tests.unit.images.made_images import encode, make_noise
from tests.unit.images.provenance.carriers import (
    WEB_UI,
    exif_block,
    png_texts,
    saved_with_exif,
    saved_with_xmp,
    xmp_packet,
)

AUTHORITY = Authority()
TRUSTED = TrustList(AUTHORITY.pem.decode(), 1)
XMP = xmp_packet(
    f"<e:DigitalSourceType>{NEWSCODES}{AI}</e:DigitalSourceType>", 'xmp:CreatorTool="Tool"'
)
EXIF = exif_block(
    {0x010F: "Canon", 0x0110: "EOS R5", 0x0131: "Tool"}, b"UNICODE\0" + WEB_UI.encode("utf-16-be")
)
KEYWORDS = ("parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Dream")
SETTINGS = [
    WEB_UI,
    json.dumps({"3": {"class_type": "KSampler", "inputs": {}}}),
    json.dumps({"nodes": [{"type": "KSampler"}], "links": []}),
    json.dumps({"app_version": "5", "model": {"name": "x"}, "seed": 1}),
    json.dumps({"Software": "NovelAI", "Comment": '{"steps": 1}'}),
    json.dumps({"version": "Fooocus v2", "prompt": "", "seed": 1, "sampler": ""}),
]


def check_claims(content: bytes, media_type: str) -> None:
    """Whatever the bytes are: one claim of the kind `c2pa`, and nothing that cannot be shown."""
    claims = read_provenance(content, media_type, TRUSTED)
    assert [claim.kind for claim in claims].count("c2pa") == 1
    for claim in claims:
        check_names(claim)


def check_names(claim: FileClaim) -> None:
    for name in (claim.source_type, claim.who, claim.tool):
        assert name is None or name == printable(name)
        assert name is None or name.encode()


def check_xmp(packet: bytes) -> None:
    try:
        facts = read_xmp(packet)
    except XmpRefused:
        return
    for source_type in facts.source_types:
        assert last_word(source_type) is None or (last_word(source_type) or "").encode()


def check_exif(block: bytes) -> None:
    facts = read_exif(block)
    for claim in facts.mentions:
        check_names(claim)
    read_generator_texts(facts.texts)


def check_generator_text(content: bytes) -> None:
    text = content[1:].decode("utf-8", "replace")
    chosen = KEYWORDS[content[0] % len(KEYWORDS)] if content else ""
    for claim in read_generator_texts([(chosen, text), ("fooocus_scheme", ""), ("Software", text)]):
        check_names(claim)


def check_c2pa(content: bytes) -> None:
    """Signed files; the picture is shown too, so that the flips fall on manifest and picture."""
    check_claims(content, "image/jpeg" if content.startswith(b"\xff\xd8") else "image/png")


def repair_checksums(png: bytes) -> bytes:
    """Without it, nearly every change would end at a chunk's checksum."""
    repaired, at = bytearray(png), 8
    while at + 12 <= len(repaired):
        end = at + 8 + int.from_bytes(repaired[at : at + 4], "big")
        if end + 4 > len(repaired):
            break
        repaired[end : end + 4] = zlib.crc32(repaired[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(repaired)


def carriers(name: str) -> list[bytes]:
    """One format's first files: plain, with XMP, with EXIF, signed."""
    small = encode(make_noise(1, 8, 8), name)
    found = [small]
    if name != "GIF":
        found.append(saved_with_exif(name, EXIF))
    found.append(saved_with_xmp(name, XMP))
    return found


def signed() -> list[bytes]:
    plain = encode(make_noise(1, 8, 8), "JPEG")
    edited = AUTHORITY.sign(AUTHORITY.sign(plain), parent=AUTHORITY.sign(plain))
    png = AUTHORITY.sign(encode(make_noise(1, 8, 8), "PNG"), CAMERA, "image/png")
    dated = AUTHORITY.sign(plain, times=TimestampAuthority())
    expired = AUTHORITY.sign_with_expired_certificate(plain)
    return [AUTHORITY.sign(plain), edited, png, dated, expired]


def walker(name: str) -> tuple[Callable[[bytes], None], Callable[[], list[bytes]]]:
    media_type = f"image/{name.lower()}"

    def check(content: bytes) -> None:
        check_claims(content, media_type)

    return check, lambda: carriers(name)


READERS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "png": (
        lambda content: check_claims(repair_checksums(content), "image/png"),
        lambda: [*carriers("PNG"), *(png_texts(parameters=text) for text in SETTINGS)],
    ),
    "jpeg": walker("JPEG"),
    "webp": walker("WEBP"),
    "gif": walker("GIF"),
    "avif": walker("AVIF"),
    "tiff": walker("TIFF"),
    "xmp": (check_xmp, lambda: [XMP]),
    "exif": (check_exif, lambda: [EXIF]),
    "generator_text": (
        check_generator_text,
        lambda: [bytes([number]) + text.encode() for number in range(6) for text in SETTINGS],
    ),
    "c2pa": (check_c2pa, signed),
}


def main() -> None:
    name, folder, *options = sys.argv[1:]
    check, make_first_files = READERS[name]
    corpus = Path(folder) / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(make_first_files()):
        (corpus / f"first-{number}").write_bytes(content)
    limits = ["-timeout=5", "-rss_limit_mb=1024", "-max_len=65536"]
    atheris.Setup(
        [sys.argv[0], str(corpus), f"-artifact_prefix={folder}/{name}-", *limits, *options], check
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
