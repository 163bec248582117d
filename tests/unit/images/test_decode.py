"""One picture in all formats, modes and orientations; bombs and cut files."""

import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from images.decode import DecodedImage, DecodeLimits, decode_image
from images.errors import ImageTruncated, NotAnImage, TooManyPixels
from images.hashes import pixels_sha256
from tests.unit.images.made_images import SAVE_OPTIONS, encode, make_noise, make_pixels

LIMITS = DecodeLimits()
# How the camera stored the upright picture, for each value of the tag (Exif 2.32, 4.6.4 A).
STORED_AS = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


def decode(content: bytes, limits: DecodeLimits = LIMITS) -> DecodedImage:
    return decode_image(content, limits)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises many pixels and holds none."""
    out = b"\x89PNG\r\n\x1a\n"
    for name, data in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" * 100)),
        (b"IEND", b""),
    ):
        out += struct.pack(">I", len(data)) + name + data
        out += struct.pack(">I", zlib.crc32(name + data))
    return out


@pytest.mark.parametrize("format_name", SAVE_OPTIONS)
def test_every_format_gives_the_same_picture(format_name: str) -> None:
    decoded = decode(encode(make_pixels(), format_name))
    assert decoded.pixels.shape == (32, 48, 3)
    assert decoded.pixels.dtype == np.uint8
    assert (decoded.width, decoded.height) == (48, 32)
    assert decoded.media_type == f"image/{format_name.lower()}"
    assert decoded.pixels_sha256 == pixels_sha256(decoded.pixels)
    assert decoded.limits == ()
    difference = np.abs(decoded.pixels.astype(int) - make_pixels())
    assert np.percentile(difference, 90) <= 12


def test_lossless_formats_share_a_pixel_hash() -> None:
    noise = make_noise(seed=1)
    hashes = {decode(encode(noise, name)).pixels_sha256 for name in ("PNG", "WEBP", "TIFF", "BMP")}
    assert hashes == {pixels_sha256(noise)}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "TIFF"])
def test_all_eight_orientations_come_upright(orientation: int, format_name: str) -> None:
    upright = make_noise(seed=2)
    stored: NDArray[np.uint8] = np.ascontiguousarray(STORED_AS[orientation](upright))
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encode(stored, format_name, exif=exif))
    np.testing.assert_array_equal(decoded.pixels, upright)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["JPEG", "AVIF"])
def test_lossy_formats_come_upright_too(orientation: int, format_name: str) -> None:
    upright = make_pixels()
    stored: NDArray[np.uint8] = np.ascontiguousarray(STORED_AS[orientation](upright))
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encode(stored, format_name, exif=exif))
    corners = decoded.pixels[[4, 4, -5, -5], [4, -5, 4, -5]].astype(int)
    assert np.abs(corners - upright[[4, 4, -5, -5], [4, -5, 4, -5]]).max() < 40


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_out_of_range_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    noise = make_noise(seed=3)
    np.testing.assert_array_equal(decode(encode(noise, "PNG", exif=exif)).pixels, noise)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns about it and goes on
def test_broken_exif_does_not_cost_the_picture() -> None:
    content = encode(make_noise(seed=3), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert decode(content).width == 48


@pytest.mark.parametrize("format_name", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_gives_its_first_frame(format_name: str) -> None:
    frames = [Image.new("RGB", (40, 24), color) for color in ("red", "blue", "green")]
    content = encode(frames[0], format_name, save_all=True, append_images=frames[1:], duration=100)
    decoded = decode(content)
    assert decoded.limits == ("animated_first_frame",)
    red, green, blue = decoded.pixels.reshape(-1, 3).mean(axis=0)
    assert red > 245
    assert max(green, blue) < 10


def test_a_tiff_of_many_pages_gives_the_first() -> None:
    pages = [Image.new("RGB", (40, 24), color) for color in ("red", "blue")]
    decoded = decode(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert decoded.limits == ("first_page_only",)
    assert tuple(decoded.pixels[0, 0]) == (255, 0, 0)


def test_alpha_lies_over_white() -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    image.putpixel((0, 0), (0, 0, 0, 255))
    decoded = decode(encode(image, "PNG"))
    assert decoded.limits == ("alpha_flattened",)
    assert tuple(decoded.pixels[0, 0]) == (0, 0, 0)
    assert tuple(decoded.pixels[3, 3]) == (255, 255, 255)


def test_opaque_alpha_changes_nothing() -> None:
    noise = make_noise(seed=4)
    opaque = Image.fromarray(noise).convert("RGBA")
    decoded = decode(encode(opaque, "PNG"))
    assert decoded.limits == ()
    assert decoded.pixels_sha256 == pixels_sha256(noise)


def test_palette_transparency_lies_over_white() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([0, 0, 0, 0, 255, 0])
    decoded = decode(encode(image, "GIF", transparency=0))
    assert decoded.limits == ("alpha_flattened",)
    assert (decoded.pixels == 255).all()


def test_grey_and_bilevel_and_palette_become_rgb() -> None:
    grey = Image.fromarray(make_noise(seed=5)[..., 0])
    for mode in ("L", "1", "P"):
        decoded = decode(encode(grey.convert(mode), "PNG"))
        assert decoded.pixels.shape == (32, 48, 3)
        assert decoded.limits == ()


def test_cmyk_becomes_rgb() -> None:
    decoded = decode(encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"))
    assert decoded.limits == ("cmyk_converted",)
    red, green, blue = decoded.pixels[8, 8]
    assert red > 240
    assert max(green, blue) < 15


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 257 * 128, 65535]], dtype=np.uint16), [0, 128, 255]),
        (np.array([[0.0, 0.5, 1.0]], dtype=np.float32), [0, 128, 255]),
        (np.array([[0.0, 128.0, np.nan]], dtype=np.float32), [0, 128, 0]),
        (np.array([[0, 257 * 128, 65535]], dtype=np.int32), [0, 128, 255]),
    ],
)
def test_deep_grey_is_scaled_by_its_white_point(
    values: NDArray[np.generic], expected: list[int]
) -> None:
    image = Image.fromarray(values)
    content = encode(image, "TIFF")
    decoded = decode(content)
    assert decoded.limits == ("depth_reduced",)
    assert decoded.pixels[0, :, 0].tolist() == expected


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_file_cut_short_says_so(format_name: str) -> None:
    content = encode(make_noise(seed=6), format_name)
    with pytest.raises(ImageTruncated):
        decode(content[: len(content) * 2 // 3])


def test_a_cut_avif_is_an_error_too() -> None:
    content = encode(make_noise(seed=6), "AVIF")
    with pytest.raises(NotAnImage):
        decode(content[: len(content) * 2 // 3])


@pytest.mark.parametrize(("width", "height"), [(8001, 8000), (30001, 1), (100_000, 100_000)])
def test_a_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises(TooManyPixels, match="smaller version"):
        decode(png_header(width, height))


def test_a_webp_canvas_is_read_before_memory_is_taken() -> None:
    animated = encode(
        Image.new("RGB", (40, 24), "red"),
        "WEBP",
        save_all=True,
        append_images=[Image.new("RGB", (40, 24), "blue")],
    )
    assert animated[12:16] == b"VP8X"
    bomb = animated[:24] + b"\xff\x3f\x00\xff\x3f\x00" + animated[30:]
    with pytest.raises(TooManyPixels, match="16384 x 16384"):
        decode(bomb)


def test_the_pixel_limit_is_exact() -> None:
    content = encode(make_pixels(), "PNG")
    assert decode(content, replace(LIMITS, max_pixels=48 * 32)).width == 48
    with pytest.raises(TooManyPixels):
        decode(content, replace(LIMITS, max_pixels=48 * 32 - 1))
    with pytest.raises(TooManyPixels):
        decode(content, replace(LIMITS, max_side_px=47))


def test_pixels_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        decode(encode(make_pixels(), "PNG")).pixels[0, 0] = 0
