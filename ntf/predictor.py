"""The only door to the detector in serving: pixels in, findings out. no torch.

Everything that belongs to the weights (thresholds, calibration, crop sizes) stands beside them in
`detector.json` with the hashes of the files that it was made for, so neither can drift.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntf.backends import Arrays, Backend, Network, open_on_cpu
from ntf.domain import Gate
from ntf.errors import DetectionFailed, DetectorUnavailable
from ntf.heads import load_heads
from ntf.preprocess import View, Window, choose_in_view, coverage_of, cut, to_batch

SHIPPED = Path(__file__).parent / "weights" / "ntf-small"
SETTINGS = "detector.json"
# Images with a shorter side below this are set against real photographs of half the size.
SMALL_BELOW_PX = 192
# Crops that go through a network at once; more would take memory and save nothing.
MAX_CROPS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the weights say of themselves. Thresholds are on `raw_score`."""

    name: str
    version: str
    threshold_version: str
    likely_ai_at: float
    no_evidence_below: float
    min_side_px: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the detector found in one image.

    Attributes:
        raw_score: calibrated probability that the image is AI-made, unclipped; ranks.
        real_photo_p: conformal p-value over calibration photographs, by trace distance.
        trace_distance: 0 (on the natural trace) to 2, mean over the windows.
        calibration_count: photographs behind `real_photo_p`.
        heatmap: [grid_h, grid_w], 0..1, over the whole image.
        coverage: share of the image's pixels that the windows saw.
        doubts: why the score should not decide: `flat_graphic` or `destroyed` (outside of what
            the detector can judge), `looks_disagree` (its looks at the image differ widely).
    """

    raw_score: float
    real_photo_p: float
    trace_distance: float
    calibration_count: int
    heatmap: NDArray[np.float32]
    coverage: float
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """One network of the detector, and how much of the answer it gives.

    Attributes:
        run: crops [B, 3, S, S] in 0..1 to logits [B], distances [B] and maps [B, rows, columns].
        crop_px, views: how an image is looked at; the first view is at its own size.
        logit_scale, distance_scale: what its logit and its distance count in the sums.
    """

    run: Network
    name: str
    crop_px: int
    views: tuple[View, ...]
    logit_scale: float
    distance_scale: float


@dataclass(frozen=True, slots=True)
class Look:
    """What one branch saw: by view, the logits of its windows; over all windows, the distances.

    An image's logit is the mean over its windows, not the maximum, which would grow with the
    image's size.

    Attributes:
        windows, maps: of the first view, at the image's own size; maps [W, rows, columns].
    """

    windows: list[Window]
    maps: NDArray[np.float32]
    logits: list[NDArray[np.float32]]
    distances: NDArray[np.float32]

    @property
    def logit(self) -> float:
        """The image's logit."""
        return float(np.concatenate(self.logits).mean())

    @property
    def distance(self) -> float:
        """The image's distance to the nearest trace."""
        return float(self.distances.mean())


@dataclass(frozen=True, slots=True)
class Calibration:
    """From the summed logit to a probability, and from the summed distance to a p-value.

    Attributes:
        slope, intercept: of the logistic (Platt) scaling.
        real_distances: by size ("small", "normal"), for each stratum of compression the distances
            of calibration photographs, sorted, [strata, n].
    """

    slope: float
    intercept: float
    real_distances: dict[str, NDArray[np.float64]]

    def probability(self, logit: float) -> float:
        """The calibrated probability of AI."""
        return float(1 / (1 + np.exp(-(self.slope * logit + self.intercept))))

    def real_photo_p(self, distance: float, short_side_px: int) -> tuple[float, int]:
        """`(1 + #{calibration >= x}) / (n + 1)` (Vovk et al., conformal p-value), and n.

        How a file was compressed before it came here cannot be known, so the stratum speaks in
        which the image is the least unusual.
        """
        size = "small" if short_side_px < SMALL_BELOW_PX else "normal"
        strata = self.real_distances[size]
        count = strata.shape[1]
        farther = max(count - int(np.searchsorted(row, distance, side="left")) for row in strata)
        return (1 + farther) / (count + 1), count


class Predictor:
    """A loaded detector. Safe for many threads: ONNX Runtime sessions are."""

    def __init__(self, branches: list[Branch], settings: dict[str, Any]) -> None:
        self._branches = branches
        gate = settings["gate"]
        self._gate = Gate(**gate | {"weights": tuple(gate["weights"])})
        self._disagreement_above: float = settings["disagreement_above"]
        self.info = ModelInfo(**settings["info"])
        stored = settings["calibration"]
        self._calibration = Calibration(
            stored["slope"],
            stored["intercept"],
            {size: np.array(rows) for size, rows in stored["real_distances"].items()},
        )

    @classmethod
    def load(
        cls,
        folder: Path | None = None,
        *,
        threads: int = 1,
        device: str = "cpu",
        backend: Backend = "onnx",
    ) -> "Predictor":
        """Load a folder of weights; None means the shipped ones.

        Args:
            threads: of one image's networks, on the CPU.
            device: "cuda" or "cuda:1" runs torch, which must be installed.
            backend: of the CPU; "auto" takes the faster of those that are installed.

        Raises:
            DetectorUnavailable: there is no such folder, it is none of ours, or no such device.
        """
        folder = folder or SHIPPED
        try:
            settings, found_branches = read_branches(folder)
            branches = [
                Branch(
                    open_network(folder, found, threads, device, backend),
                    found["name"],
                    found["crop_px"],
                    tuple(View(**view) for view in found["views"]),
                    found["logit_scale"],
                    found["distance_scale"],
                )
                for found in found_branches
            ]
            return cls(branches, settings)
        except Exception as error:  # the runtimes have many errors and no root
            raise DetectorUnavailable(f"{folder} cannot be loaded: {error}") from error

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Judge images [H, W, 3], RGB, each side at least 16 px; each by itself.

        Their crops go through the networks together, which is what keeps a GPU busy.

        Raises:
            DetectionFailed: the detector broke on one of them; no other is answered then.
        """
        try:
            looks = self.look_at_each(images)
            return [self._conclude(*pair) for pair in zip(images, looks, strict=True)]
        except Exception as error:  # the runtimes have many errors and no root
            raise DetectionFailed(f"the detector broke: {error}") from error

    def look(self, image: NDArray[np.uint8]) -> dict[str, Look]:
        """What each branch saw, by its name: what calibration is made from."""
        return self.look_at_each([image])[0]

    def look_at_each(self, images: Sequence[NDArray[np.uint8]]) -> list[dict[str, Look]]:
        """For each image what each branch saw, by its name."""
        seen = {branch.name: look_at(images, branch) for branch in self._branches}
        return [{name: looks[at] for name, looks in seen.items()} for at in range(len(images))]

    def _conclude(self, image: NDArray[np.uint8], looks: dict[str, Look]) -> Prediction:
        height, width = image.shape[:2]
        logit = sum(part.logit_scale * looks[part.name].logit for part in self._branches)
        distance = sum(part.distance_scale * looks[part.name].distance for part in self._branches)
        real_photo_p, count = self._calibration.real_photo_p(distance, min(height, width))
        first = looks[self._branches[0].name]
        outside = self._gate.find(image)
        doubts: list[str] = [outside] if outside else []
        if self.disagreement(looks) > self._disagreement_above:
            doubts.append("looks_disagree")
        return Prediction(
            raw_score=self._calibration.probability(logit),
            real_photo_p=real_photo_p,
            trace_distance=distance,
            calibration_count=count,
            heatmap=lay_out(first.maps, first.windows, height, width),
            coverage=max(coverage_of(look.windows, height, width) for look in looks.values()),
            doubts=tuple(doubts),
        )

    def disagreement(self, looks: Mapping[str, Look]) -> float:
        """Largest difference in probability, 0..1, if each branch's view alone had all the say."""
        said = [
            self._calibration.probability(
                part.logit_scale * float(logits.mean()) * len(self._branches)
            )
            for part in self._branches
            for logits in looks[part.name].logits
        ]
        return max(said) - min(said)


def read_info(folder: Path | None = None) -> ModelInfo:
    """What a folder of weights says of itself, without opening it; None means the shipped one.

    Raises:
        DetectorUnavailable: there is no such folder, or it is none of ours.
    """
    folder = folder or SHIPPED
    try:
        return ModelInfo(**json.loads((folder / SETTINGS).read_text())["info"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DetectorUnavailable(f"{folder} cannot be read: {error}") from error


def read_branches(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A folder's settings, and its branches, if their files are those that it was made for.

    Raises:
        OSError, ValueError: a file is missing, or is another one.
    """
    settings = json.loads((folder / SETTINGS).read_text())
    for found in settings["branches"]:
        for name, sha256 in found["files"].items():
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    raise ValueError(f"{name} is another file than {SETTINGS} was written for")
    return settings, settings["branches"]


def open_network(
    folder: Path, found: dict[str, Any], threads: int, device: str, backend: Backend = "onnx"
) -> Network:
    """A branch's network, with the heads that were learned for it later, if there are any."""
    path, heads = folder / found["file"], read_heads(folder, found)
    if device != "cpu":
        # By name: torch is no part of the plain install, and nothing else here may reach it.
        on_torch = import_module("ntf.torch_backend")
        network: Network = on_torch.open_on_device(path, found["preset"], device, heads)
        return network
    return open_on_cpu(path, found["crop_px"], threads, backend, heads)


def read_heads(folder: Path, found: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    """The weights that stand in place of the graph's own, by name; none in an exported folder."""
    return load_heads(folder / found["heads"]).to_arrays() if "heads" in found else {}


def look_at(images: Sequence[NDArray[np.uint8]], branch: Branch) -> list[Look]:
    """One branch over the windows of its views of each image."""
    chosen = [
        (view, choose_in_view(image.shape[0], image.shape[1], branch.crop_px, view), image)
        for image in images
        for view in branch.views
    ]
    crops = [[cut(image, one, view.shrink) for one in found] for view, found, image in chosen]
    seen = iter(run_on_crops(crops, branch.run))
    looks = []
    for at in range(0, len(chosen), len(branch.views)):
        of_image = [next(seen) for _ in branch.views]
        looks.append(
            Look(
                chosen[at][1],
                of_image[0][2],
                [logits for logits, _, _ in of_image if len(logits)],
                np.concatenate([distances for _, distances, _ in of_image]),
            )
        )
    return looks


def run_on_crops(groups: list[list[NDArray[np.uint8]]], run: Network) -> list[Arrays]:
    """Groups of crops [S, S, 3] through a network; crops of one size go together.

    Returns for each group what the network said of its crops, empty where it has none.
    """
    crops = [crop for group in groups for crop in group]
    answers: dict[int, tuple[Any, ...]] = {}
    for side in {len(crop) for crop in crops}:
        places = [at for at, crop in enumerate(crops) if len(crop) == side]
        for first in range(0, len(places), MAX_CROPS_AT_ONCE):
            part = places[first : first + MAX_CROPS_AT_ONCE]
            found = run(to_batch([crops[at] for at in part]))
            answers.update(zip(part, zip(*found, strict=True), strict=True))
    in_order = (answers[at] for at in range(len(crops)))
    return [_stack([next(in_order) for _ in group]) for group in groups]


def _stack(answers: list[tuple[Any, ...]]) -> Arrays:
    if not answers:
        nothing = np.zeros(0, np.float32)
        return nothing, nothing, nothing
    logits, distances, maps = (np.stack(column) for column in zip(*answers, strict=True))
    return logits, distances, maps


def lay_out(
    maps: NDArray[np.float32], windows: list[Window], height: int, width: int
) -> NDArray[np.float32]:
    """One grid over the image from the windows' maps of distance 0..2.

    A cell is 16 px or, in large images, a 64th of the longer side. Overlaps are averaged.
    """
    cell = max(16, max(height, width) // 64)
    total = np.zeros((-(-height // cell), -(-width // cell)), dtype=np.float32)
    seen = np.zeros_like(total)
    for window, found in zip(windows, maps, strict=True):
        rows = slice(window.top // cell, max(1, -(-(window.top + window.side) // cell)))
        columns = slice(window.left // cell, max(1, -(-(window.left + window.side) // cell)))
        part = total[rows, columns]
        part += stretch(found, part.shape)
        seen[rows, columns] += 1
    grid = total / np.maximum(seen, 1) / 2
    # Where no window looked nothing was found: such places must not stand out.
    return np.clip(np.where(seen > 0, grid, grid[seen > 0].min()), 0, 1).astype(np.float32)


def stretch(grid: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Nearest-neighbour resize of a small grid."""
    rows = np.arange(shape[0]) * grid.shape[0] // shape[0]
    columns = np.arange(shape[1]) * grid.shape[1] // shape[1]
    stretched: NDArray[np.float32] = grid[rows][:, columns]
    return stretched
