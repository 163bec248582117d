"""Features of many images in one file, without the images: what heads are learned and judged by.

Three parts: `replay` is learned from again with each set of new labels, so that nothing is
forgotten; `calibration` sets probabilities and thresholds; `holdout` compares two models and is
never learned from. The file stands beside the weights whose encoder gave the features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntf.errors import FeaturesInvalid
from ntf.features import Features

FILE = "features.npz"
PARTS = ("replay", "calibration", "holdout")


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of an image whose features are kept.

    Attributes:
        source, family: as its manifest names them; for a label, what the service knows.
        stratum: `ntf.strata.Stratum.name`.
        pdq: 64 hexadecimal digits, or "": so that its near-copies are known when they come again.
    """

    part: str
    is_ai: bool
    source: str
    family: str
    stratum: str
    pdq: str = ""


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Features of N images with W windows in all.

    Attributes:
        described: [N]. pooled: [N, D]. hidden: [W, H]. windows: [N], how many each has.
        short_sides_px: [N].
    """

    described: tuple[Described, ...]
    pooled: NDArray[np.float32]
    hidden: NDArray[np.float32]
    windows: NDArray[np.int32]
    short_sides_px: NDArray[np.int32]

    @classmethod
    def of(cls, described: Sequence[Described], features: Sequence[Features]) -> "FeatureSet":
        """Features put together; at least one."""
        return cls(
            tuple(described),
            np.stack([one.pooled for one in features]),
            np.concatenate([one.hidden for one in features]),
            np.array([len(one.hidden) for one in features], np.int32),
            np.array([one.short_side_px for one in features], np.int32),
        )

    def __len__(self) -> int:
        return len(self.described)

    @property
    def is_ai(self) -> NDArray[np.bool_]:
        """[N]."""
        return np.array([one.is_ai for one in self.described], np.bool_)

    def select(self, chosen: NDArray[np.bool_]) -> "FeatureSet":
        """The images of a mask [N]."""
        rows = np.repeat(chosen, self.windows)
        return FeatureSet(
            tuple(one for one, is_in in zip(self.described, chosen, strict=True) if is_in),
            self.pooled[chosen],
            self.hidden[rows],
            self.windows[chosen],
            self.short_sides_px[chosen],
        )

    def part(self, name: str) -> "FeatureSet":
        """One of `PARTS`."""
        return self.select(np.array([one.part == name for one in self.described], np.bool_))

    def join(self, other: "FeatureSet") -> "FeatureSet":
        """Both, one behind the other."""
        return FeatureSet(
            self.described + other.described,
            np.concatenate([self.pooled, other.pooled]),
            np.concatenate([self.hidden, other.hidden]),
            np.concatenate([self.windows, other.windows]),
            np.concatenate([self.short_sides_px, other.short_sides_px]),
        )

    def means_by_image(self, values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Means [N] of values [W] over each image's windows."""
        ends = np.cumsum(self.windows)
        sums = np.add.reduceat(values.astype(np.float64), ends - self.windows)
        means: NDArray[np.float64] = sums / self.windows
        return means


def save_features(features: FeatureSet, path: Path) -> None:
    """Write features in half precision (NPZ); the file appears when it is whole."""
    words: dict[str, Any] = {
        name: np.array([getattr(one, name) for one in features.described])
        for name in Described.__slots__
    }
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(
            file,
            pooled=features.pooled.astype(np.float16),
            hidden=features.hidden.astype(np.float16),
            windows=features.windows,
            short_sides_px=features.short_sides_px,
            **words,
        )
    part.replace(path)


def load_features(path: Path) -> FeatureSet:
    """Read features; nothing in the file is ever run.

    Raises:
        FeaturesInvalid: there is no such file, or it is none of ours.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            columns = [found[name].tolist() for name in Described.__slots__]
            return FeatureSet(
                tuple(Described(*row) for row in zip(*columns, strict=True)),
                found["pooled"].astype(np.float32),
                found["hidden"].astype(np.float32),
                found["windows"],
                found["short_sides_px"],
            )
    except (OSError, ValueError, KeyError) as error:
        raise FeaturesInvalid(f"{path} has no features: {error}. See `ntf features`.") from error
