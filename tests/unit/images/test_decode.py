"""One picture in all formats, modes and orientations; bombs and cut files."""

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from images.avif_depth import avif_bits
from images.decode import decode_image
from images.decoded_image import DecodedImage, DecodeLimits
from images.errors import ImageTruncated, NotAnImage, TooManyPixels
from images.hashes import pixels_sha256
from tests.unit.images.made_images import SAVE_OPTIONS, encode, make_noise, make_pixels

LIMITS = DecodeLimits()
TEN_BIT_AVIF = (Path(__file__).parents[2] / "data" / "ten_bit.avif").read_bytes()
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
    name = "heic" if format_name == "HEIF" else format_name.lower()
    assert decoded.media_type == f"image/{name}"
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
@pytest.mark.parametrize("format_name", ["JPEG", "AVIF", "HEIF"])
def test_lossy_formats_come_upright_too(orientation: int, format_name: str) -> None:
    upright = make_pixels()
    stored: NDArray[np.uint8] = np.ascontiguousarray(STORED_AS[orientation](upright))
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encode(stored, format_name, exif=exif.tobytes()))
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
def test_an_animation_gives_its_first_middle_and_last_frame(format_name: str) -> None:
    colors = ("red", "yellow", "blue", "white", "green")
    frames = [Image.new("RGB", (40, 24), color) for color in colors]
    content = encode(frames[0], format_name, save_all=True, append_images=frames[1:], duration=100)
    decoded = decode(content)
    assert decoded.limits == ("animated_three_frames",)
    assert [dominant(view) for view in decoded.views] == [0, 2, 1]
    assert len(set(decoded.views_sha256)) == 3


def dominant(pixels: NDArray[np.uint8]) -> int:
    return int(pixels.reshape(-1, 3).mean(axis=0).argmax())


def test_equal_frames_are_one_view() -> None:
    frames = [Image.new("RGB", (40, 24), color) for color in ("red", "blue", "red")]
    content = encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    assert [dominant(view) for view in decode(content).views] == [0, 2]


def test_an_animation_that_is_too_much_work_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (40, 24), color) for color in ("red", "blue", "green")]
    content = encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    decoded = decode(content, replace(LIMITS, max_pixels=40 * 24))
    assert decoded.limits == ("animated_first_frame",)
    assert [dominant(view) for view in decoded.views] == [0]


def two_colours(side: int, most: int) -> bytes:
    """A GIF of red and blue, of which `most` (0 or 1) fills all but its first pixel."""
    image = Image.new("P", (side, side), most)
    image.putpalette((255, 0, 0, 0, 0, 255))
    image.putpixel((0, 0), 1 - most)
    return encode(image, "GIF")


@pytest.mark.parametrize(
    ("side", "note"), [(16, "animated_three_frames"), (2_000, "animated_first_frame")]
)
def test_a_later_frame_larger_than_the_picture_is_cut_or_too_much(side: int, note: str) -> None:
    """Found by fuzzing: two frames of 8 x 8 pixels by their header took 900 MB."""
    small, large = two_colours(8, most=0), two_colours(side, most=1)
    content = small[:-1] + large[large.rindex(b"\x2c\0\0\0\0") :]
    decoded = decode(content, replace(LIMITS, max_pixels=1_000_000))
    assert decoded.limits == (note,)
    assert {view.shape for view in decoded.views} == {(8, 8, 3)}
    assert [dominant(view) for view in decoded.views] == ([0, 2] if side == 16 else [0])


def test_a_tiff_of_many_pages_gives_the_first() -> None:
    pages = [Image.new("RGB", (40, 24), color) for color in ("red", "blue")]
    decoded = decode(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert decoded.limits == ("first_page_only",)
    assert tuple(decoded.pixels[0, 0]) == (255, 0, 0)


def test_alpha_lies_over_white_and_over_black() -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    image.putpixel((0, 0), (0, 90, 0, 255))
    decoded = decode(encode(image, "PNG"))
    assert decoded.limits == ("alpha_two_grounds",)
    assert [tuple(view[0, 0]) for view in decoded.views] == [(0, 90, 0)] * 2
    assert [tuple(view[3, 3]) for view in decoded.views] == [(255, 255, 255), (0, 0, 0)]


def test_one_ground_where_two_would_be_too_many_pixels() -> None:
    content = encode(Image.new("RGBA", (4, 4), (255, 0, 0, 0)), "PNG")
    decoded = decode(content, replace(LIMITS, max_pixels=16))
    assert decoded.limits == ("alpha_flattened",)
    assert len(decoded.views) == 1


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
    assert decoded.limits == ("alpha_two_grounds",)
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


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "TIFF", "BMP"])
def test_a_file_cut_short_says_so(format_name: str) -> None:
    content = encode(make_noise(seed=6), format_name)
    with pytest.raises(ImageTruncated):
        decode(content[: len(content) * 2 // 3])


@pytest.mark.parametrize("format_name", ["AVIF", "HEIF"])
def test_a_cut_file_of_boxes_is_an_error_too(format_name: str) -> None:
    content = encode(make_noise(seed=6), format_name)
    with pytest.raises(NotAnImage):
        decode(content[: len(content) * 2 // 3])


@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
def test_where_enough_rows_are_there_they_alone_are_judged(format_name: str) -> None:
    whole = encode(make_noise(seed=6, width=256, height=256), format_name)
    sound = decode(whole).pixels
    decoded = decode(whole[: len(whole) * 3 // 4])
    assert decoded.limits == ("truncated",)
    assert 128 <= decoded.height < 200
    # The last rows may lack the smoothing of colours from the rows below them.
    kept = decoded.height - 2
    np.testing.assert_array_equal(decoded.pixels[:kept], sound[:kept])


@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
def test_where_less_than_half_is_there_nothing_is_judged(format_name: str) -> None:
    content = encode(make_noise(seed=6, width=256, height=256), format_name)
    with pytest.raises(ImageTruncated):
        decode(content[: len(content) // 3])


def test_a_cut_progressive_jpeg_has_no_sound_rows() -> None:
    content = encode(
        make_noise(seed=6, width=256, height=256), "JPEG", quality=40, progressive=True
    )
    with pytest.raises(ImageTruncated):
        decode(content[: len(content) * 9 // 10])


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


def test_a_wide_profile_is_brought_to_srgb_and_srgb_changes_nothing() -> None:
    noise = make_noise(seed=9)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert decode(encode(noise, "PNG", icc_profile=srgb)).pixels_sha256 == pixels_sha256(noise)
    swapped = swap_red_and_green(srgb)
    converted = decode(encode(noise, "PNG", icc_profile=swapped)).pixels
    difference = np.abs(converted.astype(int) - noise[..., [1, 0, 2]])
    assert np.percentile(difference, 90) <= 3


def swap_red_and_green(profile: bytes) -> bytes:
    """A profile whose first channel is green: the two tags change their names (ICC.1, 9.2)."""
    marked = profile.replace(b"rXYZ", b"?", 1).replace(b"gXYZ", b"rXYZ", 1)
    return marked.replace(b"?", b"gXYZ", 1)


@pytest.mark.parametrize("profile", [b"", b"no profile", b"\0" * 500])
def test_a_broken_profile_is_ignored(profile: bytes) -> None:
    noise = make_noise(seed=9)
    decoded = decode(encode(noise, "PNG", icc_profile=profile))
    assert decoded.pixels_sha256 == pixels_sha256(noise)


def test_sixteen_bits_of_colour_are_said() -> None:
    header = struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)
    rows = (b"\0" + b"\x80\xff" * 12) * 4
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + name + data
        content += struct.pack(">I", zlib.crc32(name + data))
    decoded = decode(content)
    assert decoded.limits == ("depth_reduced",)
    assert (decoded.pixels == 128).all()


def test_ten_bits_of_an_avif_are_said() -> None:
    decoded = decode(TEN_BIT_AVIF)
    assert decoded.limits == ("depth_reduced",)
    assert decoded.pixels.shape == (12, 16, 3)
    assert decode(encode(make_noise(4), "AVIF")).limits == ()


@pytest.mark.parametrize(
    ("content", "bits"),
    [
        (TEN_BIT_AVIF.replace(b"pixi", b"free"), 10),
        (TEN_BIT_AVIF.replace(b"av1C", b"free"), 10),
        (TEN_BIT_AVIF.replace(b"av1C", b"free").replace(b"\x03\n\n\n", b"\x03\f\f\f"), 12),
        # Of another item, or of none.
        (TEN_BIT_AVIF.replace(b"pitm\0\0\0\0\0\1", b"pitm\0\0\0\0\0\2"), 8),
        (TEN_BIT_AVIF.replace(b"ipma", b"free"), 8),
    ],
)
def test_the_depth_is_that_of_the_picture_shown(content: bytes, bits: int) -> None:
    assert content != TEN_BIT_AVIF
    assert avif_bits(content) == bits


def test_a_broken_avif_has_some_depth() -> None:
    for at in range(len(TEN_BIT_AVIF)):
        assert avif_bits(TEN_BIT_AVIF[:at]) in {8, 10}
        assert avif_bits(TEN_BIT_AVIF[:at] + b"\xff" + TEN_BIT_AVIF[at + 1 :]) in range(256)


def test_a_gain_map_is_said() -> None:
    xmp = b'<x xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/>'
    assert decode(encode(make_noise(seed=9), "JPEG", xmp=xmp)).limits == ("gain_map_ignored",)


def test_strips_give_the_same_pixels_as_the_whole() -> None:
    noise = make_noise(seed=10, width=1500, height=1400)  # more than one strip
    np.testing.assert_array_equal(decode(encode(noise, "BMP")).pixels, noise)
