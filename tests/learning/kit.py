"""A small world of made pictures: photographs, a generator that the live model knows, one that it
misses; and a model for it, made by the same functions that retraining uses."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ntf.assemble import assemble
from ntf.feature_set import FILE, Described, FeatureSet, load_features, save_features
from ntf.features import FeatureReader
from ntf.fit_heads import FitOptions, fit_heads
from ntf.predictor import SHIPPED, read_branches
from ntf.recalibrate import recalibrate

SIDE_PX = 128
# From heads that know nothing, so far from them.
SURE = FitOptions(learning_rate=0.4, stay_near=1e-3, batch_windows=64)
TINY = SHIPPED.with_name("ntf-tiny")
# Another model that scores otherwise.
FAR = FitOptions(steps=60, learning_rate=2.0, stay_near=0.0, batch_windows=64)
Pixels = NDArray[np.uint8]


def picture(kind: str, seed: int) -> Pixels:
    """One picture [128, 128, 3] of a kind; another for each seed."""
    rng = np.random.default_rng([seed, *kind.encode()])
    ramp = np.linspace(0, rng.uniform(70, 90), SIDE_PX)[None, :, None] + rng.uniform(60, 70, 3)
    grain = rng.normal(0, rng.uniform(8, 14), (SIDE_PX, SIDE_PX, 3))
    rows = np.arange(SIDE_PX)[:, None, None] // 8 % 2 * 90.0 - 45.0
    mark = {"photograph": 0.0, "rows": rows, "red": np.array([60.0, 0.0, -30.0])}[kind]
    return np.clip(ramp + grain + mark, 0, 255).astype(np.uint8)


def write_model(folder: Path) -> Path:
    """A live model in `folder` that knows rows and misses red."""
    parts = {"replay": 80, "calibration": 220, "holdout": 60}
    described, pixels = [], []
    for part, count in parts.items():
        for number in range(count):
            for kind in ("photograph", "rows"):
                stratum = "small, as stored" if number % 2 else "normal, as stored"
                is_ai = kind != "photograph"
                source = kind if is_ai else f"camera {number % 2}"
                described.append(
                    Described(part, is_ai, source, "made" if is_ai else "real", stratum)
                )
                pixels.append(picture(kind, len(pixels)))
    reader = FeatureReader(TINY)
    features = FeatureSet.of(described, reader.read(pixels))
    folder.mkdir(parents=True, exist_ok=True)
    save_features(features, folder / FILE)
    replay = features.part("replay")
    heads = fit_heads(reader.heads, replay, np.ones(len(replay)), SURE)
    settings = recalibrate(read_branches(TINY)[0], heads, features.part("calibration"))
    # Made pictures are flat graphics to a gate that was fitted to photographs.
    settings["gate"] |= {"graphic_above": 1e9, "blockiness_above": 1e9}
    settings["disagreement_above"] = 1.0
    version = assemble(TINY, settings, heads, folder / FILE, folder, day="2026.11.01")
    return folder / version


def write_another(base: Path, store_folder: Path) -> str:
    """A second model over the same encoder, in a model store; its scores differ. Its version."""
    reader = FeatureReader(base)
    features = load_features(base / FILE)
    replay = features.part("replay")
    heads = fit_heads(reader.heads, replay, np.ones(len(replay)), FAR)
    settings = recalibrate(read_branches(base)[0], heads, features.part("calibration"))
    return assemble(base, settings, heads, base / FILE, store_folder, day="2026.11.02")
