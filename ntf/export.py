"""From a checkpoint to the one file that serving loads: graph, calibration and thresholds."""

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch

from ntf.network import TraceNetwork
from ntf.predictor import METADATA_KEY


def export_graph(network: TraceNetwork, path: Path, crop_px: int) -> None:
    """Write the network as ONNX: `crops` [B, 3, S, S] to logits, distances and maps."""
    network.eval()
    crops = torch.zeros(2, 3, crop_px, crop_px)
    axes = {0: "batch", 2: "side", 3: "side"}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated; it writes this plain network without onnxscript.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (crops,),
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
        )


def write_metadata(path: Path, metadata: dict[str, Any]) -> None:
    """Put what belongs to the weights into their file; it replaces what was there."""
    model = onnx.load(str(path))
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, json.dumps(metadata)
    onnx.save(model, str(path))


def name_version(path: Path, name: str, day: str) -> str:
    """A version that no other weights have: name, day, and eight digits of the graph's hash."""
    return f"{name}-{day}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
