"""The sizes and compressions that calibration, and the comparison of two models, go over."""

from dataclasses import dataclass

from ntf.degrade import Pixels, recompress, resize


@dataclass(frozen=True, slots=True)
class Stratum:
    """A size and a compression. Quality None: as stored."""

    size: str
    quality: int | None

    def apply(self, image: Pixels) -> Pixels:
        """The image as it is in this stratum."""
        if self.size == "small":
            image = resize(image, 0.5)
        return image if self.quality is None else recompress(image, self.quality)

    @property
    def name(self) -> str:
        """As it stands in files and reports."""
        return f"{self.size}, {'as stored' if self.quality is None else f'JPEG {self.quality}'}"


STRATA = (
    Stratum("normal", None),
    Stratum("normal", 90),
    Stratum("normal", 60),
    Stratum("small", 90),
    Stratum("small", 60),
)
HEADLINE = Stratum("normal", 90)
