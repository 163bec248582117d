"""A small split and a detector whose answers are known, for the tests of the evaluation."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ntf.evaluation.detectors import VERDICTS, Findings, Thresholds, decide_by_score
from ntf.evaluation.plan import Plan, View
from ntf.manifest import Item

HEADER = "file\tsplit\tlabel\tsource\tfamily"
# (split, label, source, family, how many, brightness, side): brightness is what Bright scores by.
KIT = (
    ("train", "ai", "sd", "diffusion", 1, 200, 64),
    ("train", "real", "cats", "real", 1, 20, 64),
    ("dev", "ai", "sd", "diffusion", 6, 220, 64),
    ("dev", "ai", "midjourney_2022", "commercial", 6, 130, 64),
    ("dev", "real", "cats", "real", 8, 20, 64),
    ("dev", "real", "streets", "real", 8, 60, 64),
    ("dev", "real", "hard_art", "not_ai", 4, 200, 64),
)


def write_kit(folder: Path) -> Path:
    """A manifest with plain images; each is a little brighter than the one before."""
    rows = [HEADER]
    for split, label, source, family, count, brightness, side in KIT:
        for number in range(count):
            name = f"{split}-{source}-{number}.png"
            Image.new("RGB", (side, side), (brightness + 2 * number,) * 3).save(folder / name)
            rows.append(f"{name}\t{split}\t{label}\t{source}\t{family}")
    path = folder / "manifest.tsv"
    path.write_text("\n".join(rows) + "\n")
    return path


class Bright:
    """Scores by mean brightness, 0..1, and counts the images that it was asked about."""

    def __init__(self, name: str = "bright", version: str = "bright-1") -> None:
        self.name, self.version = name, version
        self.thresholds = Thresholds(0.7, 0.3, 0.5)
        self.asked = 0

    def judge(self, images: Sequence[np.ndarray]) -> Findings:
        self.asked += len(images)
        found = Findings.nothing(len(images))
        for index, image in enumerate(images):
            score = float(image.mean() / 255)
            found.raw_scores[index] = score
            found.verdicts[index] = VERDICTS.index(decide_by_score(score, 0.7, 0.3))
        return found


class Plain:
    """A detector without thresholds, whose scores are no probabilities."""

    name = "plain"

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        return np.array([image.mean() for image in images])


def plan_of(rows: Sequence[tuple[str, str, str, int]], seen: Sequence[str] = ()) -> Plan:
    """A plan without files, from (label, source, family, how many); 256 px each."""
    views = [
        View(Item(Path(f"{source}-{number}.png"), "dev", label == "ai", source, family), 256, 256)
        for label, source, family, count in rows
        for number in range(count)
    ]
    return Plan(views, frozenset(seen))


def findings_of(scores: Sequence[float], verdicts: str = "") -> Findings:
    """Findings from scores, and verdicts by their first letters: l, u, n, or x (not assessable)."""
    found = Findings.nothing(len(scores))
    found.raw_scores[:] = scores
    for index, letter in enumerate(verdicts):
        found.verdicts[index] = "lunx".index(letter)
    return found
