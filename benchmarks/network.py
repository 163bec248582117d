"""The network alone: images a second by engine and batch, against the machine's own product.

python -m benchmarks.network [--threads 2]; an image is three crops of 128 px, as the detector
looks at one. The product is measured in turns with the network, so the share of the peak is of one
moment. GPUs: see `benchmarks.gpu`.
"""

import argparse
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.clock import medians, take_turns
from benchmarks.limits import PRODUCT_GFLOP, numpy_product, open_product
from benchmarks.quantised import BUILD, make_quantised, open_quantised
from benchmarks.results import keep, print_table
from ntf.backbones.clip import ClipMap
from ntf.backends import Network, has_openvino, open_onnxruntime, open_openvino
from ntf.network import Served, TraceNetwork, build_network
from ntf.predictor import SETTINGS, SHIPPED
from ntf.presets import Preset
from ntf.torch_backend import read_graph

CROPS, CROP_PX = 3, 128
BATCHES = (1, 8)
SECONDS = 25.0
EAGER, OURS = "torch eager fp32", "ONNX Runtime fp32"
PRODUCTS = ("product, ONNX Runtime", "product, numpy")


def main() -> None:
    """Print the table, and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    measure(parser.parse_args().threads)


def measure(threads: int) -> None:
    """All engines at all batches."""
    torch.set_num_threads(threads)
    folded = fold(load_module())
    gflop = count_gflop(folded)
    engines = open_engines(load_module(), folded, threads)
    batches = {images: time_batch(engines, images, threads) for images in BATCHES}
    found: dict[str, Any] = {
        name: {
            f"batch_{images}": describe(seconds, name, images, gflop)
            for images, seconds in batches.items()
        }
        for name in engines
    }
    first = batches[1]
    figures = {
        "images_a_second": found,
        "gflop_an_image": gflop,
        "threads": threads,
        "speedup_over_torch_eager": first[EAGER] / first[OURS],
        "share_of_peak": found[OURS]["batch_1"]["share_of_peak"],
    }
    keep("cpu", figures)
    rows = [
        [
            name,
            *(found[name][f"batch_{images}"]["images_a_second"] for images in BATCHES),
            first[EAGER] / first[name],
            found[name]["batch_1"]["gflops"],
            100 * found[name]["batch_1"]["share_of_peak"],
        ]
        for name in engines
    ]
    header = ["engine", *(f"images/s, {n} at once" for n in BATCHES), "times torch eager"]
    title = f"The network alone, {gflop:.1f} GFLOP an image, {threads} threads"
    print_table(title, [*header, "GFLOP/s", "% of the fp32 product"], rows)


def load_module() -> nn.Module:
    """The shipped network in torch, as it was trained: the low-rank parts beside their layers."""
    (found,) = json.loads((SHIPPED / SETTINGS).read_text())["branches"]
    network = build_network(Preset.from_json(found["preset"]))
    read_graph(network, SHIPPED / found["file"])
    return Served(network.eval())


def fold(module: nn.Module) -> nn.Module:
    """The same with the low-rank parts worked into their layers, as the exported graph has it."""
    network = module.network
    assert isinstance(network, TraceNetwork)
    assert isinstance(network.backbone, ClipMap)
    network.backbone.fold_adapters()
    for parent in list(network.modules()):
        for name, layer in parent.named_children():
            if hasattr(layer, "down"):
                with torch.no_grad():
                    layer.linear.weight += layer.up @ layer.down
                setattr(parent, name, layer.linear)
    return module


def count_gflop(module: nn.Module) -> float:
    """Of one image through a folded network: products of matrices and convolutions alone."""
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        module(torch.zeros(CROPS, 3, CROP_PX, CROP_PX))
    return float(counter.get_total_flops() / 1e9)


def open_engines(as_trained: nn.Module, folded: nn.Module, threads: int) -> dict[str, Network]:
    """Whatever runs here; the first is what the others are compared with."""
    graph = SHIPPED / "semantics.onnx"
    found: dict[str, Network] = {
        EAGER: in_torch(as_trained),
        "torch eager fp32, adapters folded": in_torch(folded),
        OURS: open_onnxruntime(graph, threads),
        "ONNX Runtime fp32, threads that sleep": open_onnxruntime(graph, threads, spins=False),
        "ONNX Runtime int8": open_quantised(make_quantised(BUILD), threads),
    }
    if has_openvino():
        found["OpenVINO fp32"] = open_openvino(graph, threads, "f32")
        if "BF16" in openvino_precisions():
            found["OpenVINO bf16"] = open_openvino(graph, threads, "bf16")
    return found


def openvino_precisions() -> list[str]:
    """What this processor multiplies by itself, as OpenVINO sees it."""
    import openvino  # noqa: PLC0415  # of the benchmarks' install alone

    return list(openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def in_torch(module: nn.Module) -> Network:
    """Eager, without gradients."""

    @torch.inference_mode()
    def run(crops: np.ndarray[Any, Any]) -> Any:
        return tuple(part.numpy() for part in module(torch.from_numpy(crops)))

    return run


def time_batch(engines: dict[str, Network], images: int, threads: int) -> dict[str, float]:
    """Median seconds of one call of each engine, and of the products."""
    rng = np.random.default_rng(0)
    crops = rng.random((images * CROPS, 3, CROP_PX, CROP_PX), dtype=np.float32)
    calls: dict[str, Callable[[], object]] = {
        name: lambda run=run: run(crops) for name, run in engines.items()
    }
    calls[PRODUCTS[0]] = open_product(threads, np.float32)
    calls[PRODUCTS[1]] = numpy_product()
    return medians(take_turns(calls, seconds=SECONDS, at_least=3))


def describe(seconds: dict[str, float], name: str, images: int, gflop: float) -> dict[str, float]:
    """One engine at one batch."""
    peak = PRODUCT_GFLOP / min(seconds[product] for product in PRODUCTS)
    gflops = gflop * images / seconds[name]
    return {
        "images_a_second": images / seconds[name],
        "gflops": gflops,
        "share_of_peak": gflops / peak,
    }


if __name__ == "__main__":
    main()
