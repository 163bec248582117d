"""What is done to an image before it is judged, alike for both classes and the same each time.

These steps are written out here and not taken from the training's degradations: a change of how a
detector is trained must not change how it is measured.
"""

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ntf.evaluation.errors import EvaluationImpossible

Pixels = NDArray[np.uint8]
Kind = Literal["encoding", "size", "filter"]


class Step(Protocol):
    """Pixels [H, W, 3] in 0..255 to pixels, always the same for the same pixels."""

    def __call__(self, pixels: Pixels) -> Pixels: ...


@dataclass(frozen=True, slots=True)
class Jpeg:
    """One round of JPEG with halved colour resolution, as web sites store it."""

    quality: int

    def __call__(self, pixels: Pixels) -> Pixels:
        return _encode(pixels, "JPEG", quality=self.quality, subsampling="4:2:0")


@dataclass(frozen=True, slots=True)
class WebP:
    """One round of lossy WebP."""

    quality: int

    def __call__(self, pixels: Pixels) -> Pixels:
        return _encode(pixels, "WEBP", quality=self.quality)


@dataclass(frozen=True, slots=True)
class Blur:
    """A Gaussian blur."""

    sigma_px: float

    def __call__(self, pixels: Pixels) -> Pixels:
        return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(self.sigma_px)))


@dataclass(frozen=True, slots=True)
class Noise:
    """Gaussian noise, drawn from the image's own content: equal pixels get equal noise."""

    sigma: float

    def __call__(self, pixels: Pixels) -> Pixels:
        rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(pixels).tobytes()))
        noisy = pixels + rng.normal(0, self.sigma, pixels.shape)
        return np.clip(noisy.round(), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Resize:
    """Both sides times a factor; `method` is the name of one of Pillow's resampling filters."""

    factor: float
    method: str = "BICUBIC"

    def __call__(self, pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        size = (max(1, round(width * self.factor)), max(1, round(height * self.factor)))
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling[self.method]))


@dataclass(frozen=True, slots=True)
class Condition:
    """A named chain of steps.

    Attributes:
        kind: what sort of change it is, for the spread of scores.
        min_side_px: images smaller than this are not judged under it.
    """

    name: str
    steps: tuple[Step, ...] = ()
    kind: Kind = "encoding"
    min_side_px: int = 0

    @property
    def key(self) -> str:
        """The name as it is typed and as files are called: lower case and hyphens."""
        return self.name.lower().replace(" ", "-").replace(".", "")

    @property
    def recipe(self) -> str:
        """The steps in words that change when they do."""
        return repr(self.steps)

    def __call__(self, pixels: Pixels) -> Pixels:
        """The image [H, W, 3] as it is judged."""
        for step in self.steps:
            pixels = step(pixels)
        return pixels


HEADLINE = Condition("JPEG 90", (Jpeg(90),))
# Where an image loses its stored compression in the middle of a chain, JPEG 90 ends or begins it:
# else one class would keep more of its own history than the other.
CONDITIONS = (
    HEADLINE,
    Condition("as stored"),
    Condition("JPEG 75", (Jpeg(75),)),
    Condition("JPEG 60", (Jpeg(60),)),
    Condition("JPEG 40", (Jpeg(40),)),
    Condition("WebP 80", (WebP(80),)),
    Condition("double JPEG", (Jpeg(75), Jpeg(90))),
    Condition("blur", (Blur(1.0), Jpeg(90)), kind="filter"),
    Condition("noise", (Noise(5.0), Jpeg(90)), kind="filter"),
    Condition("three quarters", (Resize(0.75), Jpeg(90)), kind="size", min_side_px=128),
    Condition("half size", (Resize(0.5), Jpeg(90)), kind="size", min_side_px=256),
    # A browser shows a JPEG at a scale that is no whole number; the screen is stored again.
    Condition("screenshot larger", (Jpeg(90), Resize(1.3, "BILINEAR")), kind="size"),
    Condition(
        "screenshot smaller",
        (Jpeg(90), Resize(0.8, "LANCZOS"), Jpeg(85)),
        kind="size",
        min_side_px=128,
    ),
)
# The compressions and sizes that false alarms are promised for.
DECLARED = ("JPEG 90", "as stored", "JPEG 75", "JPEG 60", "JPEG 40", "half size")


def choose_conditions(names: Sequence[str]) -> tuple[Condition, ...]:
    """Conditions by name or key, the headline always first; none named means all.

    Raises:
        EvaluationImpossible: there is no condition of that name.
    """
    known = {condition.key: condition for condition in CONDITIONS}
    known |= {condition.name: condition for condition in CONDITIONS}
    for name in names:
        if name not in known:
            choices = ", ".join(condition.key for condition in CONDITIONS)
            raise EvaluationImpossible(f"There is no condition {name!r}. Choose from: {choices}.")
    chosen = {known[name].name for name in names} | {HEADLINE.name}
    return tuple(c for c in CONDITIONS if not names or c.name in chosen)


def crop_centre(pixels: Pixels, side_px: int) -> Pixels:
    """The middle of an image [H, W, 3], each side at most `side_px`; never a resize."""
    height, width = pixels.shape[:2]
    top, left = max(0, height - side_px) // 2, max(0, width - side_px) // 2
    return pixels[top : top + side_px, left : left + side_px]


def _encode(pixels: Pixels, name: str, *, quality: int, subsampling: str | None = None) -> Pixels:
    file = io.BytesIO()
    options = {"subsampling": subsampling} if subsampling else {}
    Image.fromarray(pixels).save(file, name, quality=quality, **options)
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))
