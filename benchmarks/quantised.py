"""The detector's network in eight bits, by static quantisation with calibration images.

Weights of seven bits for each channel, activations of eight for each tensor: without VNNI a sum of
two products would overflow otherwise. Products of two activations (attention) stay in 32 bits.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from benchmarks.images import load_images
from ntf.backends import Arrays, Network
from ntf.predictor import SHIPPED
from ntf.preprocess import View, choose_in_view, cut, to_batch

BUILD = Path("build/benchmarks")
CALIBRATION_IMAGES = 24
CROP_PX, VIEWS = 128, (View(1, 2), View(2, 1))


class Crops(CalibrationDataReader):  # type: ignore[misc]  # it has no types
    """Batches of crops, as the quantiser asks for them."""

    def __init__(self, batches: Sequence[NDArray[np.float32]]) -> None:
        self._batches: Iterator[NDArray[np.float32]] = iter(batches)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"crops": batch}


def make_quantised(folder: Path) -> Path:
    """The graph in eight bits, made once; its calibration images are from the split `train`."""
    path = folder / "int8.onnx"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    plain = folder / "fp32.onnx"
    write_folded(SHIPPED / "semantics.onnx", plain)
    graph = onnx.load(str(plain)).graph
    constants = {entry.name for entry in graph.initializer}
    products = [node for node in graph.node if node.op_type in {"MatMul", "Gemm"}]
    logging.getLogger().setLevel(logging.ERROR)  # it advises on its own log at every step
    quantize_static(
        str(plain),
        str(path),
        Crops(calibration_batches()),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=[node.name for node in products if node.input[1] not in constants],
    )
    plain.unlink()
    return path


def write_folded(source: Path, path: Path) -> None:
    """The same network with its weights worked out in 32 bits, which is what is quantised."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def calibration_batches() -> list[NDArray[np.float32]]:
    """Crops as serving cuts them, each image's in a batch; those of small images are left out."""
    batches = []
    for image in load_images("train", CALIBRATION_IMAGES):
        crops = [
            cut(image, window, view.shrink)
            for view in VIEWS
            for window in choose_in_view(*image.shape[:2], CROP_PX, view)
        ]
        if whole := [crop for crop in crops if len(crop) == CROP_PX]:
            batches.append(to_batch(whole))
    return batches


def open_quantised(path: Path, threads: int) -> Network:
    """The graph in eight bits, in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(crops: NDArray[np.float32]) -> Arrays:
        logits, distances, maps = session.run(None, {"crops": crops})
        return logits, distances, maps

    return run
