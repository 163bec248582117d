"""What a user would take instead: other detectors' networks beside ours, in one run.

    python -m benchmarks.side_by_side [--threads 2]

Their shapes, with random weights: theirs cannot be had here, and time and memory do not depend on
them. So there is no accuracy in this table. Each in torch eager, as its authors' code runs it, and
in ONNX Runtime; ours as it is served. An image is what each of them looks at.
"""

import argparse
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import timm
import torch
from torch import nn

from benchmarks.clock import medians, take_turns
from benchmarks.network import CROP_PX, CROPS
from benchmarks.results import keep, print_table
from ntf.backends import open_onnxruntime
from ntf.predictor import SHIPPED

SECONDS = 45.0
# Name: timm's name of the shape, and the side of what it looks at. CNNDetection takes the image at
# its own size, or 224 px of it.
SHAPES = {
    "ResNet-50 at 224 px (CNNDetection)": ("resnet50", 224),
    "CLIP ViT-L/14 at 224 px (UniversalFakeDetect)": ("vit_large_patch14_clip_224", 224),
    "ViT-S/16 at 384 px (Community Forensics)": ("vit_small_patch16_384", 384),
}
OURS = "this detector, three crops of 128 px"
# DIRE (Wang et al., ICCV 2023) inverts and rebuilds an image by 20 steps each of ADM's network for
# 256 px before a ResNet-50 looks at the difference. That network is not among timm's; its cost is
# the one that Peebles and Xie state (DiT, ICCV 2023): 1,120 billion multiply-adds a step;
# quoted from memory and not looked up again.
DIRE, DIRE_STEPS, DIRE_GFLOP_A_STEP = "DIRE (by its step count, not run)", 40, 2 * 1120.0
RESNET_50, RESNET_50_GFLOP = next(iter(SHAPES)), 8.2


def main() -> None:
    """Print the table, and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    measure(parser.parse_args().threads)


def measure(threads: int) -> None:
    """All networks in turns."""
    torch.set_num_threads(threads)
    modules = {name: build(*shape) for name, shape in SHAPES.items()}
    calls: dict[str, Callable[[], object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for at, (name, module) in enumerate(modules.items()):
            image = torch.rand(1, 3, SHAPES[name][1], SHAPES[name][1])
            calls[f"{name}, torch"] = in_torch(module, image)
            calls[f"{name}, ONNX"] = in_onnx(module, image, Path(folder) / f"{at}.onnx", threads)
        crops = np.random.default_rng(0).random((CROPS, 3, CROP_PX, CROP_PX), np.float32)
        ours = open_onnxruntime(SHIPPED / "semantics.onnx", threads)
        calls[f"{OURS}, ONNX"] = lambda: ours(crops)
        seconds = medians(take_turns(calls, seconds=SECONDS, at_least=3))
    sizes = {name: count_mib(module) for name, module in modules.items()}
    found = {
        name: {
            "torch": rate(seconds.get(f"{name}, torch")),
            "onnxruntime": rate(seconds.get(f"{name}, ONNX")),
            "weights_mib": sizes.get(name),
        }
        for name in (*SHAPES, OURS)
    }
    found[OURS]["weights_mib"] = size_of_ours_mib()
    found[DIRE] = estimate_dire(seconds)
    keep("side_by_side", {"detectors": found, "weights": "random", "threads": threads})
    header = ["detector", "images/s, torch", "images/s, ONNX Runtime", "weights in fp32, MiB"]
    rows = [[name, *figures.values()] for name, figures in found.items()]
    print_table(f"Side by side, random weights, {threads} threads", header, rows)


def build(shape: str, side: int) -> nn.Module:
    """The network with one output, as all of them are used."""
    options = {"img_size": side} if shape.startswith("vit") else {}
    return timm.create_model(shape, pretrained=False, num_classes=1, **options).eval()


def in_torch(module: nn.Module, image: torch.Tensor) -> Callable[[], object]:
    """Eager, without gradients."""

    @torch.inference_mode()
    def run() -> object:
        return module(image)

    return run


def in_onnx(
    module: nn.Module, image: torch.Tensor, path: Path, threads: int
) -> Callable[[], object]:
    """The same network exported."""
    import onnxruntime  # noqa: PLC0415  # after `ntf.backends` has set its environment

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing, which is right for one size
        torch.onnx.export(module, (image,), str(path), input_names=["image"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    given = image.numpy()
    return lambda: session.run(None, {"image": given})


def estimate_dire(seconds: dict[str, float]) -> dict[str, float | None]:
    """Not run: its steps' operations at the pace that ResNet-50 reaches here."""
    looking = seconds[f"{RESNET_50}, torch"]
    taken = DIRE_STEPS * DIRE_GFLOP_A_STEP / (RESNET_50_GFLOP / looking) + looking
    return {"torch": 1 / taken, "onnxruntime": None, "weights_mib": None}


def rate(seconds: float | None) -> float | None:
    """Images a second."""
    return None if seconds is None else 1 / seconds


def count_mib(module: nn.Module) -> float:
    """Of the weights in 32 bits."""
    return sum(4 * parameter.numel() for parameter in module.parameters()) / 2**20


def size_of_ours_mib() -> float:
    """Of the weights in 32 bits, as they are while it runs: one byte a weight in the file."""
    frozen = (SHIPPED / "clip-vit-b16-blocks.bin").stat().st_size
    return (4 * frozen + (SHIPPED / "semantics.onnx").stat().st_size) / 2**20


if __name__ == "__main__":
    main()
