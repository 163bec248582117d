"""The heads over the frozen encoder: classifier, trace head's last step, traces. NumPy alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# As `ntf.export` names them in a graph.
CLASSIFIER = "network.classifier.weight"
CLASSIFIER_BIAS = "network.classifier.bias"
PROJECTION = "network.homogeneous.2.weight"
PROJECTION_BIAS = "network.homogeneous.2.bias"
TRACES = "network.traces"
# The file that stands beside a graph and in place of its own heads.
HEADS = "heads.npz"

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heads:
    """Both heads' weights.

    Attributes:
        classifier [D], bias [1]: pooled features to a logit.
        projection [d, H], shift [d]: what the trace head works on to homogeneous features.
        traces: [K, d], of unit length.
    """

    classifier: Floats
    bias: Floats
    projection: Floats
    shift: Floats
    traces: Floats

    @staticmethod
    def names() -> list[str]:
        """The weights' names in a graph."""
        return [CLASSIFIER, CLASSIFIER_BIAS, PROJECTION, PROJECTION_BIAS, TRACES]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Heads":
        """Heads out of a graph's weights, by their names."""
        values = [np.asarray(arrays[name], np.float32) for name in cls.names()]
        classifier, bias, projection, shift, traces = values
        return cls(
            classifier.reshape(-1),
            bias.reshape(1),
            projection.reshape(len(projection), -1),
            shift,
            traces,
        )

    def to_arrays(self) -> dict[str, Floats]:
        """The weights by name, in the shapes that they have in a graph."""
        values = [
            self.classifier[None],
            self.bias,
            self.projection[:, :, None, None],
            self.shift,
            self.traces,
        ]
        return {
            name: np.ascontiguousarray(value, np.float32)
            for name, value in zip(self.names(), values, strict=True)
        }

    def logits(self, pooled: Floats) -> Floats:
        """Pooled features [N, D] to logits [N]."""
        found: Floats = pooled @ self.classifier + self.bias
        return found

    def project(self, hidden: Floats) -> Floats:
        """What the trace head works on [N, H] to homogeneous features [N, d] of unit length."""
        raw = hidden @ self.projection.T + self.shift
        found: Floats = raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-12)
        return found

    def distances(self, hidden: Floats) -> Floats:
        """What the trace head works on [N, H] to the distance [N] to the nearest trace, 0..2."""
        found: Floats = 1 - (self.project(hidden) @ self.traces.T).max(1)
        return found


def save_heads(heads: Heads, path: Path) -> None:
    """Write heads as a file of plain arrays (NPZ)."""
    with path.open("wb") as file:
        np.savez(file, **heads.to_arrays())  # type: ignore[arg-type]


def load_heads(path: Path) -> Heads:
    """Read heads; nothing in the file is ever run."""
    with np.load(path, allow_pickle=False) as arrays:
        return Heads.from_arrays(arrays)
