"""From checkpoints to the folder that serving loads: a graph a branch, and `detector.json`."""

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnx.external_data_helper import set_external_data, uses_external_data

from ntf.backbones.clip import ClipMap, Stored, find_weights, read_weights
from ntf.network import Served, TraceNetwork
from ntf.predictor import SETTINGS

FROZEN = "clip-vit-b16-blocks.bin"


def export_branch(network: TraceNetwork, path: Path, crop_px: int) -> None:
    """Write a network as ONNX: `crops` [B, 3, S, S] to logits, distances and maps.

    Weights that came in eight bits stay in eight bits, to the bit.
    """
    network.eval()
    backbone = network.backbone
    if isinstance(backbone, ClipMap):
        backbone.fold_adapters()
    axes = {0: "batch", 2: "side", 3: "side"}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated; it writes these plain networks without onnxscript.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            Served(network),
            (torch.zeros(2, 3, crop_px, crop_px),),
            str(path),
            input_names=["crops"],
            output_names=["logits", "distances", "maps"],
            dynamic_axes={
                "crops": axes,
                "logits": {0: "batch"},
                "distances": {0: "batch"},
                "maps": {0: "batch", 1: "rows", 2: "columns"},
            },
            opset_version=17,
            dynamo=False,
            # The runtime folds when it loads. Here each weight keeps its name and its value.
            do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE,
        )
    if isinstance(backbone, ClipMap):
        keep_eight_bits(path, read_weights(find_weights())[0])


def keep_eight_bits(path: Path, dense: dict[str, Stored]) -> None:
    """Replace a graph's floating-point weights by the steps that they were read from.

    The steps go to a file beside it, `FROZEN`: no training changes them, so they are the same bytes
    for every detector, and a repository keeps them once.
    """
    model = onnx.load(str(path))
    graph = model.graph
    nodes = []
    for entry in list(graph.initializer):
        name = entry.name.removeprefix("network.backbone.").replace(".linear.", ".")
        weight = dense.get(name)
        if weight is None:
            continue
        if not np.array_equal(numpy_helper.to_array(entry), weight.values()):
            raise ValueError(f"{entry.name} is no longer the package's weight")
        parts: tuple[NDArray[Any], ...] = (weight.steps, weight.scale, weight.zero)
        names = [f"{entry.name}.{kind}" for kind in ("steps", "scale", "zero")]
        graph.initializer.remove(entry)
        graph.initializer.extend(map(numpy_helper.from_array, parts, names))
        nodes.append(helper.make_node("DequantizeLinear", names, [entry.name], axis=0))
    for node in reversed(nodes):
        graph.node.insert(0, node)
    save_copies(graph)
    frozen = path.with_name(FROZEN)
    offset = 0
    with frozen.open("wb") as file:
        for entry in graph.initializer:
            if entry.name.endswith(".steps"):
                set_external_data(entry, FROZEN, offset, len(entry.raw_data))
                offset += file.write(entry.raw_data)
                entry.ClearField("raw_data")
    onnx.save(model, str(path))


def save_copies(graph: onnx.GraphProto) -> None:
    """Let each `(W + B A)^T` be worked out in one step from eight bits that were turned before.

    The runtime works all of them out when it loads the graph, and holds every step's result until
    it has the last: as traced, four copies of the weights in floating point; so, two.
    """
    made = {name: node for node in graph.node for name in node.output}
    turned = {node.input[0]: node for node in graph.node if node.op_type == "Transpose"}
    sums = [node for node in graph.node if node.op_type == "Add" and node.output[0] in turned]
    for total in sums:
        parts = [made.get(name) for name in total.input]
        match [(part, part.op_type) for part in parts if part is not None]:
            case [(weight, "DequantizeLinear"), (low_rank, "MatMul")]:
                turn = turned[total.output[0]]
                for node in (weight, low_rank, total, turn):
                    graph.node.remove(node)
                for node in reversed(_in_one_step(weight, low_rank, turn.output[0])):
                    graph.node.insert(0, node)


def _in_one_step(
    weight: onnx.NodeProto, low_rank: onnx.NodeProto, result: str
) -> list[onnx.NodeProto]:
    steps, scale, zero = weight.input
    up, down = low_rank.input
    names = [f"{steps}.turned", f"{weight.output[0]}.turned"]
    return [
        helper.make_node("Transpose", [steps], [names[0]], perm=[1, 0]),
        helper.make_node("DequantizeLinear", [names[0], scale, zero], [names[1]], axis=1),
        helper.make_node("Gemm", [down, up, names[1]], [result], transA=1, transB=1),
    ]


def write_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Write `detector.json`; with other settings than these the graphs are no detector."""
    (folder / SETTINGS).write_text(json.dumps(settings, indent=1) + "\n")


def hash_files(path: Path) -> dict[str, str]:
    """SHA-256 of a branch's files, by name: its graph, and its frozen weights if it has any."""
    graph = onnx.load(str(path), load_external_data=False).graph
    external = any(uses_external_data(entry) for entry in graph.initializer)
    names = [path.name, FROZEN] if external else [path.name]
    return {name: hash_file(path.with_name(name)) for name in names}


def hash_file(path: Path) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def name_version(name: str, day: str, hashes: list[str]) -> str:
    """A version that no other weights have: name, day, and eight digits of the graphs' hash."""
    return f"{name}-{day}-{hashlib.sha256(''.join(hashes).encode()).hexdigest()[:8]}"
