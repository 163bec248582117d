"""The network on a GPU: images a second by batch, against a large product in the same precision.

python -m benchmarks.gpu [--device cuda]; where there is no GPU the rows stay empty and say so.
"""

import argparse
import json
from typing import Any

import numpy as np
import torch

from benchmarks.clock import medians, take_turns
from benchmarks.network import CROP_PX, CROPS, count_gflop, fold, load_module
from benchmarks.results import keep, print_table
from ntf.precision import fast_dtype
from ntf.predictor import SETTINGS, SHIPPED
from ntf.torch_backend import open_on_device

BATCHES = (1, 8, 64, 256)
SECONDS = 10.0
SIDE = 8192


def main() -> None:
    """Print the table, and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    device = parser.parse_args().device
    if device.startswith("cuda") and not torch.cuda.is_available():
        keep("gpu", {"batches": None, "why": "no GPU here"})
        rows: list[list[object]] = [[batch, None, None] for batch in BATCHES]
    else:
        found = measure(device, BATCHES)
        keep("gpu", {"batches": found, "device": device})
        rows = [[batch, *figures.values()] for batch, figures in found.items()]
    header = ["images at once", "images/s", "% of the product"]
    print_table("The network on a GPU (empty: not measured here)", header, rows)


def measure(device: str, batches: tuple[int, ...], side: int = SIDE) -> dict[str, dict[str, float]]:
    """Each batch in turns with a product of matrices."""
    (settings,) = json.loads((SHIPPED / SETTINGS).read_text())["branches"]
    network = open_on_device(SHIPPED / settings["file"], settings["preset"], device)
    gflop = count_gflop(fold(load_module()))
    product = open_product(device, side)
    rng = np.random.default_rng(0)
    found = {}
    for images in batches:
        crops = rng.random((images * CROPS, 3, CROP_PX, CROP_PX), np.float32)
        calls = {"network": lambda crops=crops: network(crops), "product": product}
        seconds = medians(take_turns(calls, seconds=SECONDS, at_least=3))
        peak = 2 * side**3 / 1e9 / seconds["product"]
        pace = images / seconds["network"]
        found[str(images)] = {"images_a_second": pace, "share": 100 * pace * gflop / peak}
    return found


def open_product(device: str, side: int) -> Any:
    """A square product, in half precision where the device has it; waits until it is done."""
    left = torch.randn(side, side, device=device).to(fast_dtype(device))

    def run() -> None:
        # A number of the result cannot be read before all of it is there.
        (left @ left)[0, 0].item()

    return run


if __name__ == "__main__":
    main()
