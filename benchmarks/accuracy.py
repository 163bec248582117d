"""What a faster engine costs in accuracy: AP and scores on `dev` beside torch's in 32 bits.

    NTF_DATA=FOLDER python -m benchmarks.accuracy [--all]

Without `--all` a part of each source is judged, which takes a few minutes on two cores. Loss and
differences are between scores of the same images, so a part of them tells much.
"""

import argparse
import json
import sys
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.images import find_manifest, spread_over_sources
from benchmarks.network import in_torch, load_module
from benchmarks.quantised import BUILD, make_quantised, open_quantised
from benchmarks.results import keep, print_table
from ntf.backends import Network, has_openvino, open_onnxruntime, open_openvino
from ntf.evaluation.conditions import HEADLINE
from ntf.evaluation.metrics import draw_counts, rank
from ntf.evaluation.plan import PHOTOGRAPHS, Plan, make_plan
from ntf.evaluation.scores import load
from ntf.manifest import Item, read_manifest
from ntf.predictor import SETTINGS, SHIPPED, Branch, Predictor
from ntf.preprocess import View

# Of each class; the mean is over generators, so each of them gets a few.
SAMPLE_AI, SAMPLE_REAL = 100, 100
REFERENCE, SERVED = "torch eager fp32", "ONNX Runtime fp32"


def main() -> None:
    """Print the table, and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="all images of dev")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    measure(given.threads, whole=given.all)


def measure(threads: int, *, whole: bool) -> None:
    """Judge the images by every engine."""
    manifest = find_manifest()
    if manifest is None:
        keep("accuracy", {"engines": None, "why": "NTF_DATA names no images"})
        print("\nNo accuracy: set NTF_DATA to the folder of the images.", file=sys.stderr)
        return
    items = read_manifest(manifest)
    plan = make_plan(items if whole else take_sample(items), "dev")
    images = [HEADLINE(load(view)) for view in plan.views]
    scores = {name: score(network, images) for name, network in engines(threads).items()}
    found = {name: compare(plan, scores[name], scores[REFERENCE]) for name in scores}
    keep("accuracy", {"engines": found, "images": plan.counts, "condition": HEADLINE.name})
    keep("cpu", {"ap_loss": found[SERVED]["ap_lost_points"] / 100})
    rows = [[name, *figures.values()] for name, figures in found.items()]
    header = ["engine", "mean AP", "AP lost, points", "largest score difference", "95 % below"]
    print_table(f"Accuracy on dev, {HEADLINE.name}, {plan.counts}", header, rows)


def take_sample(items: Sequence[Item]) -> list[Item]:
    """A part of `dev`, from all of its sources."""
    dev = [item for item in items if item.split == "dev"]
    classes = [[item for item in dev if item.is_ai is is_ai] for is_ai in (True, False)]
    counts = (SAMPLE_AI, SAMPLE_REAL)
    return [i for c, n in zip(classes, counts, strict=True) for i in spread_over_sources(c, n)]


def engines(threads: int) -> dict[str, Network]:
    """Whatever runs here."""
    graph = SHIPPED / "semantics.onnx"
    torch.set_num_threads(threads)
    found = {REFERENCE: in_torch(load_module()), SERVED: open_onnxruntime(graph, threads)}
    found["ONNX Runtime int8"] = open_quantised(make_quantised(BUILD), threads)
    if has_openvino():
        found["OpenVINO"] = open_openvino(graph, threads)
    return found


def score(network: Network, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Raw scores [N]."""
    predictor = predictor_with(network)
    return np.array([predictor.predict([image])[0].raw_score for image in images])


def predictor_with(network: Network) -> Predictor:
    """The shipped detector with another engine under it."""
    settings = json.loads((SHIPPED / SETTINGS).read_text())
    (found,) = settings["branches"]
    views = tuple(View(**view) for view in found["views"])
    scales = (found["logit_scale"], found["distance_scale"])
    return Predictor([Branch(network, found["name"], found["crop_px"], views, *scales)], settings)


def compare(
    plan: Plan, scores: NDArray[np.float64], reference: NDArray[np.float64]
) -> dict[str, float]:
    """Mean AP over the generators against photographs, what it lost, how far scores moved."""
    ap, ap_before = mean_ap(plan, scores), mean_ap(plan, reference)
    moved = np.abs(scores - reference)
    return {
        "ap": ap,
        "ap_lost_points": 100 * (ap_before - ap),
        "largest_difference": float(moved.max()),
        "difference_95": float(np.quantile(moved, 0.95)),
    }


def mean_ap(plan: Plan, scores: NDArray[np.float64]) -> float:
    """As `ntf evaluate` has it."""
    found = []
    for contest in plan.contests:
        fakes, reals = scores[contest.fakes], scores[contest.against[PHOTOGRAPHS]]
        rng = np.random.default_rng(0)  # nothing is resampled
        counts = (draw_counts(len(fakes), 0, rng), draw_counts(len(reals), 0, rng))
        found.append(rank(fakes, reals, *counts).ap[0])
    return float(np.mean(found))


if __name__ == "__main__":
    main()
