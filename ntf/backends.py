"""The engines that run a branch's network on a CPU, and which of them is the fastest here.

ONNX Runtime is always there. OpenVINO is taken into account where an operator has installed it: it
multiplies in 16 bits on processors that can (docs/decisions/backends.md has the measurements).
"""

import ctypes
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

# It reads this when it is imported; without it, it keeps a device id and a queue of reports.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

Arrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
Network = Callable[[NDArray[np.float32]], Arrays]
# Weights that stand in place of a graph's own, by their names in it.
Replaced = Mapping[str, NDArray[np.float32]]
Backend = Literal["auto", "onnx", "openvino"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)

MEASURE_SECONDS = 2.0
NOTHING: Replaced = MappingProxyType({})
# Crops of one image in the usual case.
MEASURED_CROPS = 3
# How far a faster engine's answers may be from ONNX Runtime's in 32 bits, as probabilities.
MAX_DIFFERENCE = 0.02
_M_MMAP_THRESHOLD = -3  # malloc.h


def open_on_cpu(
    path: Path, crop_px: int, threads: int, backend: Backend, heads: Replaced = NOTHING
) -> Network:
    """A branch's network; "auto" measures for two seconds where there is a choice.

    Raises:
        ModuleNotFoundError: that engine is not installed.
    """
    if backend == "onnx" or (backend == "auto" and not has_openvino()):
        return open_onnxruntime(path, threads, heads)
    if backend == "openvino":
        return open_openvino(path, threads, heads=heads)
    networks = {
        "onnx": open_onnxruntime(path, threads, heads),
        "openvino": open_openvino(path, threads, heads=heads),
    }
    return networks[choose_fastest(networks, sample_crops(crop_px))]


def open_onnxruntime(
    path: Path, threads: int, heads: Replaced = NOTHING, *, spins: bool = True
) -> Network:
    """The network in 32 bits; safe for many threads.

    Args:
        spins: whether a thread that waits for the others keeps its core, which is faster where
            nothing else wants it.
    """
    graph = open_graph(path, threads, heads, spins=spins)

    def run(crops: NDArray[np.float32]) -> Arrays:
        logits, distances, maps = graph.run(None, crops)
        return logits, distances, maps

    return run


@dataclass(frozen=True, slots=True)
class OpenGraph:
    """A graph in ONNX Runtime. The session reads `heads` where they lie, so they live as long."""

    session: Any
    heads: Mapping[str, Any] = field(repr=False)

    def run(
        self, names: Sequence[str] | None, crops: NDArray[np.float32]
    ) -> list[NDArray[np.float32]]:
        """Some of its outputs; None: those that it was exported with."""
        found: list[NDArray[np.float32]] = self.session.run(names, {"crops": crops})
        return found


def open_graph(
    path: Path,
    threads: int,
    heads: Replaced = NOTHING,
    model: bytes | None = None,
    *,
    spins: bool = True,
) -> OpenGraph:
    """A branch's graph; `model` stands for the bytes of its file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Weights of eight bits become floating point once, at this moment, and not at every image.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spins else "0")
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(path.parent.resolve())
    )
    values = onnxruntime.OrtValue.ortvalue_from_numpy
    kept = {name: values(array) for name, array in heads.items()}
    for name, value in kept.items():
        options.add_initializer(name, value)
    with freed_memory_given_back():
        session = onnxruntime.InferenceSession(
            model or str(path), options, providers=["CPUExecutionProvider"]
        )
    return OpenGraph(session, kept)


def has_openvino() -> bool:
    """Whether it is installed; it is not imported for that."""
    return find_spec("openvino") is not None


def open_openvino(
    path: Path, threads: int, precision: str | None = None, heads: Replaced = NOTHING
) -> Network:
    """The network in OpenVINO; safe for many threads.

    Args:
        precision: f32, bf16 or f16; None lets it take what this processor multiplies fastest.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    # By name: it is no part of the plain install.
    openvino = import_module("openvino")
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    if precision:
        settings["INFERENCE_PRECISION_HINT"] = precision
    with freed_memory_given_back():
        core = openvino.Core()
        model = core.read_model(str(path))
        _replace_weights(openvino, model, heads)
        compiled = core.compile_model(model, "CPU", settings)

    def run(crops: NDArray[np.float32]) -> Arrays:
        # A request of its own for each call, since a request serves one thread at a time.
        found = compiled.create_infer_request().infer({"crops": crops})
        logits, distances, maps = (np.array(part) for part in found.values())
        return logits, distances, maps

    return run


def _replace_weights(openvino: Any, model: Any, heads: Replaced) -> None:
    own = {node.get_friendly_name(): node for node in model.get_ops()}
    for name, array in heads.items():
        kept = own[name].output(0)
        new = openvino.opset13.constant(array.reshape(kept.get_shape()))
        for target in kept.get_target_inputs():
            target.replace_source_output(new.output(0))


def sample_crops(crop_px: int) -> NDArray[np.float32]:
    """Crops [B, 3, S, S] to measure on: a slope with some noise, always the same."""
    slope = np.linspace(0.2, 0.8, crop_px, dtype=np.float32)
    noise = np.random.default_rng(0).normal(0, 0.05, (MEASURED_CROPS, 3, crop_px, crop_px))
    return np.clip(slope + noise, 0, 1).astype(np.float32)


def choose_fastest(
    networks: Mapping[str, Network],
    crops: NDArray[np.float32],
    *,
    seconds: float = MEASURE_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> str:
    """The name of the network that is the fastest on these crops.

    The first is the one that the others must agree with: one whose answers differ by more than
    `MAX_DIFFERENCE` is out, however fast. They run in turns, and the best time of each counts: what
    else the machine does can only make it slower.
    """
    first, *others = networks
    wanted = networks[first](crops)
    agreeing = [first, *(name for name in others if agrees(networks[name](crops), wanted))]
    best = dict.fromkeys(agreeing, float("inf"))
    end = clock() + seconds
    while len(agreeing) > 1 and clock() < end:
        for name in agreeing:
            start = clock()
            networks[name](crops)
            best[name] = min(best[name], clock() - start)
    return min(agreeing, key=lambda name: best[name])


def agrees(found: Arrays, wanted: Arrays) -> bool:
    """Whether probabilities, distances and maps differ by no more than `MAX_DIFFERENCE`."""
    pairs = [(sigmoid(found[0]), sigmoid(wanted[0])), *zip(found[1:], wanted[1:], strict=True)]
    return all(float(np.abs(a - b).max()) <= MAX_DIFFERENCE for a, b in pairs)


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits as probabilities."""
    return np.float32(1) / (np.float32(1) + np.exp(-logits))


@contextmanager
def freed_memory_given_back() -> Iterator[None]:
    """Let glibc give large blocks back to the system as soon as they are free (mallopt(3)).

    Else, what the runtime needs only while it loads would be held for the life of the process:
    700 MiB. Afterwards blocks below 32 MiB are reused again, as is usual. Other C libraries have
    no `mallopt`, or one that does nothing.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", lambda *_: 0)
    set_option(_M_MMAP_THRESHOLD, 1 << 20)
    try:
        yield
    finally:
        set_option(_M_MMAP_THRESHOLD, 32 << 20)
