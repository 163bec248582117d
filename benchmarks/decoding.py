"""Decode and preprocess: what the service does to a file before the network, against libjpeg-turbo.

python -m benchmarks.decoding; all of it on one thread, in this process and without its limits.
"""

import io
from collections.abc import Callable

import numpy as np
import simplejpeg
from PIL import Image

from benchmarks.clock import medians, take_turns
from benchmarks.limits import make_jpeg
from benchmarks.results import keep, print_table
from images.decode import decode_image
from images.decoded_image import DecodeLimits
from images.hashes import pixels_sha256
from images.perceptual_hash import pdq_hash
from ntf.preprocess import View, choose_in_view, cut, to_batch

SECONDS = 12.0
SIZES = {"1024 x 768": (1024, 768), "4000 x 3000": (4000, 3000)}
OURS, LIMIT = "decode, as the service does", "libjpeg-turbo alone"


def main() -> None:
    """Print the table, and keep it."""
    found = {size: time_size(*pair) for size, pair in SIZES.items()}
    shares = {size: times[LIMIT] / times[OURS] for size, times in found.items()}
    keep("decoding", {"milliseconds": found, "share_of_libjpeg_turbo": shares})
    rows = [[size, *times.values(), 100 * shares[size]] for size, times in found.items()]
    names = list(next(iter(found.values())))
    header = ["JPEG", *(f"{name}, ms" for name in names), "% of libjpeg-turbo's pace"]
    print_table("Decode and preprocess", header, rows)


def time_size(width: int, height: int) -> dict[str, float]:
    """Median milliseconds of each part."""
    content = make_jpeg(width, height)
    pixels = simplejpeg.decode_jpeg(content)
    calls: dict[str, Callable[[], object]] = {
        LIMIT: lambda: simplejpeg.decode_jpeg(content),
        "Pillow alone": lambda: np.asarray(Image.open(io.BytesIO(content)).convert("RGB")),
        OURS: lambda: decode_image(content, DecodeLimits()),
        "hash of the pixels": lambda: pixels_sha256(pixels),
        "PDQ": lambda: pdq_hash(pixels),
        "crops": lambda: cut_all(pixels),
    }
    taken = medians(take_turns(calls, seconds=SECONDS / len(SIZES)))
    return {name: seconds * 1000 for name, seconds in taken.items()}


def cut_all(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> object:
    """The crops of one image, as the shipped detector cuts them."""
    return to_batch(
        [
            cut(pixels, window, view.shrink)
            for view in (View(1, 2), View(2, 1))
            for window in choose_in_view(*pixels.shape[:2], 128, view)
        ]
    )


if __name__ == "__main__":
    main()
