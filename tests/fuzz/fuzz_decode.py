"""Feeds the decoder with what atheris (libFuzzer) thinks of, from files of our own making.

    pip install atheris
    python -m tests.fuzz.fuzz_decode FORMAT CORPUS_FOLDER -max_total_time=600

FORMAT is one of `SAVE_OPTIONS`, or `all`. The folder is made and filled as by `fuzz_metadata`. An
error that is none of ours, an answer after five seconds, a crash of a C library or memory of a
gibibyte ends the run. Of C libraries atheris sees no branch; it learns from our code and Pillow's.
"""

import io
import sys
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["images", "PIL", "pillow_heif"]):
    from images.decode import decode_image
    from images.decoded_image import DecodeLimits
    from images.errors import ImageError

from PIL import Image

from tests.fuzz.fuzz_metadata import repair_checksums
from tests.unit.images.made_images import SAVE_OPTIONS, encode, make_noise, make_pixels

LIMITS = DecodeLimits(max_pixels=1_000_000, max_side_px=4_000)


def check_decoding(content: bytes) -> None:
    """An image within the limits, or one of our own errors with a sentence."""
    if content.startswith(b"\x89PNG"):
        content = repair_checksums(content)
    try:
        decoded = decode_image(content, LIMITS)
    except ImageError as error:
        if not str(error):
            raise RuntimeError("no sentence") from error
        return
    assert sum(view.shape[0] * view.shape[1] for view in decoded.views) <= LIMITS.max_pixels
    for view in decoded.views:
        assert view.dtype.name == "uint8"
        assert view.shape[2:] == (3,)


def first_files(name: str) -> list[bytes]:
    """Plain, grey, and where the format has them with palette, transparency and three frames."""
    small = Image.fromarray(make_pixels(16, 12))
    found = [encode(make_noise(1, 8, 8), name), encode(small, name)]
    if name in {"JPEG", "PNG", "TIFF", "WEBP"}:
        found.append(encode(small.convert("L"), name))
    if name in {"PNG", "GIF", "TIFF", "BMP"}:
        found.append(encode(small.convert("P"), name))
    if name in {"PNG", "WEBP", "TIFF", "AVIF", "HEIF"}:
        small.putalpha(100)
        found.append(encode(small, name))
    if name in {"GIF", "WEBP", "PNG", "TIFF", "AVIF"}:
        out = io.BytesIO()
        frames = [Image.fromarray(make_noise(seed, 8, 8)) for seed in range(3)]
        frames[0].save(out, name, save_all=True, append_images=frames[1:])
        found.append(out.getvalue())
    return found


def main() -> None:
    name, folder, *options = sys.argv[1:]
    corpus = Path(folder) / f"decode-{name}"
    corpus.mkdir(parents=True, exist_ok=True)
    for each in SAVE_OPTIONS if name == "all" else [name]:
        for number, content in enumerate(first_files(each)):
            (corpus / f"first-{each}-{number}").write_bytes(content)
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    limits = ["-timeout=5", "-rss_limit_mb=1024", "-max_len=16384"]
    prefix = f"-artifact_prefix={folder}/decode-{name}-"
    atheris.Setup([sys.argv[0], str(corpus), prefix, *limits, *options], check_decoding)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
