"""Formats are named by content, and refused ones by a name that helps."""

import pytest

from images.errors import NotAnImage, UnsupportedFormat
from images.signatures import SUPPORTED_KINDS, detect_file_kind
from tests.unit.images.made_images import encode, make_pixels


@pytest.mark.parametrize("kind", SUPPORTED_KINDS, ids=lambda kind: kind.pillow_name)
def test_supported_formats_are_known_by_content(kind: object) -> None:
    name = kind.pillow_name  # type: ignore[attr-defined]
    assert detect_file_kind(encode(make_pixels(), name)) == kind


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b'<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"\xef\xbb\xbf  <SVG></SVG>", "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\xff\x0a\0\0", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\1\0\1\0", "icon"),
        (b"\x1a\x45\xdf\xa3", "video"),
    ],
)
def test_refused_formats_are_named(content: bytes, word: str) -> None:
    with pytest.raises(UnsupportedFormat, match=word):
        detect_file_kind(content)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"<!doctype html><p>", "web page"),
        (b'{"error": 1}', "known format"),
        (b"\xff\xd8", "known format"),
        (b"RIFF\0\0\0\0WAVE", "known format"),
        (b"\0" * 1000, "known format"),
    ],
)
def test_other_bytes_are_no_image(content: bytes, word: str) -> None:
    with pytest.raises(NotAnImage, match=word) as caught:
        detect_file_kind(content)
    assert type(caught.value) is NotAnImage


def test_an_avif_brand_may_stand_after_the_major_one() -> None:
    kind = detect_file_kind(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf")
    assert kind.media_type == "image/avif"


@pytest.mark.parametrize("major", [b"heic", b"mif1"])
def test_heic_is_known_by_its_brands(major: bytes) -> None:
    kind = detect_file_kind(b"\0\0\0\x18ftyp" + major + b"\0\0\0\0mif1heic")
    assert kind.media_type == "image/heic"
