"""The only door to the detector in serving: pixels in, findings out. ONNX Runtime, no torch.

Everything that belongs to the weights (thresholds, calibration, crop size) is in the ONNX file's
own metadata, so that one file cannot drift from its settings.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# It reads this when it is imported; without it, it keeps a device id and a queue of reports.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

from ntf.errors import DetectorUnavailable
from ntf.preprocess import Window, choose_windows, coverage_of, cut, to_batch

SHIPPED = Path(__file__).parent / "weights" / "ntf-small.onnx"
METADATA_KEY = "ntf"
MAX_WINDOWS = 9


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
    """

    raw_score: float
    real_photo_p: float
    trace_distance: float
    calibration_count: int
    heatmap: NDArray[np.float32]
    coverage: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """From a mean logit to a probability, and from a distance to a p-value.

    Attributes:
        slope, intercept: of the logistic (Platt) scaling.
        real_distances: trace distances of calibration photographs, sorted.
    """

    slope: float
    intercept: float
    real_distances: NDArray[np.float64]

    def probability(self, logit: float) -> float:
        """The calibrated probability of AI."""
        return float(1 / (1 + np.exp(-(self.slope * logit + self.intercept))))

    def real_photo_p(self, distance: float) -> float:
        """`(1 + #{calibration >= x}) / (n + 1)` (Vovk et al., conformal p-value)."""
        count = len(self.real_distances)
        farther = count - int(np.searchsorted(self.real_distances, distance, side="left"))
        return (1 + farther) / (count + 1)


class Predictor:
    """A loaded detector. Safe for many threads: ONNX Runtime sessions are."""

    def __init__(self, session: onnxruntime.InferenceSession, metadata: dict[str, object]) -> None:
        self._session = session
        self.info = ModelInfo(**metadata["info"])  # type: ignore[arg-type]
        calibration: dict[str, object] = metadata["calibration"]  # type: ignore[assignment]
        self._calibration = Calibration(
            float(calibration["slope"]),  # type: ignore[arg-type]
            float(calibration["intercept"]),  # type: ignore[arg-type]
            np.asarray(calibration["real_distances"], dtype=np.float64),
        )
        self._crop_px = int(metadata["crop_px"])  # type: ignore[call-overload]

    @classmethod
    def load(cls, path: Path | None = None, *, threads: int = 1) -> "Predictor":
        """Load weights; None means the shipped ones.

        Raises:
            DetectorUnavailable: there is no such file, or it is none of ours.
        """
        path = path or SHIPPED
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            stored = session.get_modelmeta().custom_metadata_map[METADATA_KEY]
            return cls(session, json.loads(stored))
        except Exception as error:  # the runtime has many errors and no root
            raise DetectorUnavailable(f"{path} cannot be loaded: {error}") from error

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Judge images [H, W, 3], RGB, each side at least 16 px; each by itself."""
        return [self._predict_one(image) for image in images]

    def measure(self, image: NDArray[np.uint8]) -> tuple[float, float]:
        """Mean logit and mean trace distance, uncalibrated: what calibration is made from."""
        logits, distances, _ = self._look(image, self._windows(image))
        return float(logits.mean()), float(distances.mean())

    def _predict_one(self, image: NDArray[np.uint8]) -> Prediction:
        windows = self._windows(image)
        logits, distances, maps = self._look(image, windows)
        # The mean, not the maximum: the maximum raises false alarms with the image's size.
        distance = float(distances.mean())
        return Prediction(
            raw_score=self._calibration.probability(float(logits.mean())),
            real_photo_p=self._calibration.real_photo_p(distance),
            trace_distance=distance,
            calibration_count=len(self._calibration.real_distances),
            heatmap=lay_out(maps, windows, image.shape[0], image.shape[1]),
            coverage=coverage_of(windows, image.shape[0], image.shape[1]),
        )

    def _windows(self, image: NDArray[np.uint8]) -> list[Window]:
        return choose_windows(image.shape[0], image.shape[1], self._crop_px, MAX_WINDOWS)

    def _look(
        self, image: NDArray[np.uint8], windows: list[Window]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        batch = to_batch([cut(image, window) for window in windows])
        logits, distances, maps = self._session.run(None, {"crops": batch})
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
