"""No bytes may bring out anything but an image or one of our own errors. By seed, so repeatable."""

from collections import Counter

import numpy as np
import pytest

from images.decode import decode_image
from images.decoded_image import DecodeLimits
from images.errors import ImageError
from tests.unit.images.made_images import SAVE_OPTIONS, encode, make_noise

MUTATIONS_A_FORMAT = 300
# A service warns about broken metadata and goes on; here a warning would end the decoding.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
LIMITS = DecodeLimits(max_pixels=1_000_000, max_side_px=4_000)


def mutate(content: bytes, random: np.random.Generator) -> bytes:
    """Change, cut, double or drop a few bytes, more often in the header than after it."""
    out = bytearray(content)
    for _ in range(int(random.integers(1, 4))):
        reach = len(out) if random.random() < 0.5 else min(len(out), 200)
        at = int(random.integers(min(8, reach), reach + 1))
        kind = random.integers(0, 5)
        if kind == 0:
            out[at : at + 1] = random.bytes(1)
        elif kind == 1:
            out[at : at + 4] = random.choice([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"])
        elif kind == 2:
            del out[at : at + int(random.integers(1, 40))]
        elif kind == 3:
            out[at:at] = out[at : at + int(random.integers(1, 40))]
        elif random.random() < 0.2:
            del out[at:]
    return bytes(out)


@pytest.mark.parametrize("format_name", SAVE_OPTIONS)
def test_mutated_files_end_in_an_image_or_in_our_errors(format_name: str) -> None:
    random = np.random.default_rng(list(format_name.encode()))
    content = encode(make_noise(seed=7, width=24, height=16), format_name)
    outcomes: Counter[str] = Counter()
    for _ in range(MUTATIONS_A_FORMAT):
        try:
            decoded = decode_image(mutate(content, random), LIMITS)
        except ImageError as error:
            outcomes[error.code if str(error) else "no sentence"] += 1
        else:
            assert decoded.pixels.shape == (decoded.height, decoded.width, 3)
            outcomes["decoded"] += 1
    print(f"\n{format_name}: {dict(outcomes)}")  # noqa: T201
    assert outcomes.total() == MUTATIONS_A_FORMAT
    assert "no sentence" not in outcomes


def test_random_bytes_are_no_image() -> None:
    random = np.random.default_rng(8)
    for start in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"MM\0*"):
        for length in (0, 1, 7, 30, 500):
            with pytest.raises(ImageError):
                decode_image(start + random.bytes(length), LIMITS)
