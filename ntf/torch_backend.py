"""The detector's networks on a GPU, from the same files that the CPU serves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from ntf.backends import Arrays, Network
from ntf.network import Served, TraceNetwork, build_network
from ntf.precision import has_bf16
from ntf.presets import Preset


def open_on_device(
    path: Path,
    settings: dict[str, Any],
    device: str,
    heads: Mapping[str, NDArray[np.float32]] | None = None,
) -> Network:
    """A branch's network on a torch device; bf16 on a GPU that has it, fp32 elsewhere.

    Args:
        path: the branch's ONNX file. settings: its preset, as `detector.json` has it.
        heads: weights that stand in place of the file's own, by name.
    """
    network = build_network(Preset.from_json(settings))
    read_graph(network, path, heads)
    served = Served(network.eval()).to(device).to(memory_format=torch.channels_last)
    fast = torch.device(device).type == "cuda" and has_bf16(device)

    @torch.inference_mode()
    def run(crops: NDArray[np.float32]) -> Arrays:
        given = torch.from_numpy(crops).to(device, memory_format=torch.channels_last)
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=fast):
            logits, distances, maps = served(given)
        return _array(logits), _array(distances), _array(maps)

    return run


def read_graph(
    network: TraceNetwork, path: Path, heads: Mapping[str, NDArray[np.float32]] | None = None
) -> None:
    """Put an exported graph's weights back into a network, and heads that were learned later.

    Raises:
        ValueError: the graph lacks one of them.
    """
    graph = onnx.load(str(path)).graph
    tensors = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    for name in [name.removesuffix(".steps") for name in tensors if name.endswith(".steps")]:
        steps, scale, zero = (tensors[f"{name}.{kind}"] for kind in ("steps", "scale", "zero"))
        shifted = steps.astype(np.float32) - zero[:, None].astype(np.float32)
        tensors[name] = shifted * scale[:, None]
    tensors |= heads or {}
    found = {
        name.removeprefix("network."): torch.from_numpy(np.array(values))
        for name, values in tensors.items()
        if name.startswith("network.")
    }
    own = network.state_dict()
    # Not in a served graph: the head and the counters that only training needs.
    needed = {
        name
        for name in own
        if not name.startswith("heterogeneous.") and not name.endswith("num_batches_tracked")
    }
    if missing := needed - found.keys():
        raise ValueError(f"{path.name} has no {', '.join(sorted(missing)[:3])}")
    network.load_state_dict({name: found[name] for name in needed}, strict=False)


def _array(tensor: Tensor) -> NDArray[np.float32]:
    values: NDArray[np.float32] = tensor.float().cpu().numpy()
    return values
