"""The training loop of both stages, top to bottom. Nothing here is used in serving."""

import csv
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from ntf.batches import Batches
from ntf.losses.extended_supcon import extended_supcon
from ntf.losses.natural_trace import away_from_trace, to_trace
from ntf.losses.nt_xent import nt_xent
from ntf.losses.orthogonality import soft_orthogonality
from ntf.network import TraceNetwork
from ntf.presets import Preset

SAVE_EVERY_STEPS = 100


def train(
    network: TraceNetwork,
    batches: Batches,
    preset: Preset,
    folder: Path,
    *,
    budget_seconds: float | None = None,
) -> None:
    """Stage 1 on photographs alone, then stage 2 on both classes; the curve goes to a CSV file.

    With a budget, the learning rate falls to zero when the time is spent instead of when the
    steps are, so that a slow machine ends with a trained network too.
    """
    torch.manual_seed(preset.seed)
    run_stage(
        network,
        lambda: stage1_loss(network, batches, preset),
        preset.stage1_steps,
        preset,
        curve=folder / "stage1.csv",
        budget_seconds=None,
    )
    network.traces.copy_(measure_trace(network, batches, preset))
    run_stage(
        network,
        lambda: stage2_loss(network, batches, preset),
        preset.stage2_steps,
        preset,
        curve=folder / "stage2.csv",
        budget_seconds=budget_seconds,
    )
    save_checkpoint(network, preset, folder)


def run_stage(
    network: TraceNetwork,
    loss: Callable[[], Tensor],
    steps: int,
    preset: Preset,
    *,
    curve: Path,
    budget_seconds: float | None,
) -> None:
    """AdamW under a cosine; one line of the curve for every tenth step."""
    network.train()
    optimizer = torch.optim.AdamW(network.parameters(), preset.learning_rate, weight_decay=0.02)
    with curve.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", "seconds", "loss"])
        for step, seconds, progress in paced(steps, budget_seconds):
            for group in optimizer.param_groups:
                group["lr"] = preset.learning_rate * rate_at(progress)
            value = loss()
            optimizer.zero_grad(set_to_none=True)
            value.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            if step % 10 == 0:
                writer.writerow([step, round(seconds), round(value.item(), 4)])
                file.flush()
            if step % SAVE_EVERY_STEPS == 0:
                save_checkpoint(network, preset, curve.parent)


def paced(steps: int, budget_seconds: float | None) -> Iterator[tuple[int, float, float]]:
    """Step number, seconds so far, and progress 0..1, by steps or, if it is sooner, by time."""
    start = time.monotonic()
    for step in range(steps):
        seconds = time.monotonic() - start
        progress = max(step / steps, seconds / budget_seconds if budget_seconds else 0.0)
        if progress >= 1:
            return
        yield step, seconds, progress


def rate_at(progress: float) -> float:
    """A short warm-up, then half a cosine."""
    warm = min(1.0, progress / 0.05 + 0.05)
    return warm * 0.5 * (1 + float(torch.cos(torch.tensor(progress * torch.pi))))


def stage1_loss(network: TraceNetwork, batches: Batches, preset: Preset) -> Tensor:
    """`L_hom + a L_het + b L_orth + c L_neg` on one batch of photographs and their twins."""
    first, second, twins = batches.views_and_twins(preset.batch_images // 2)
    mapped = network.features(torch.cat([first, second, twins]))
    hom, het = network.project(mapped)
    count = len(first)
    real_hom, twin_hom = hom[: 2 * count], hom[2 * count :]
    update_trace(network, real_hom, preset.trace_momentum)
    trace = network.traces[0]
    return (
        to_trace(real_hom, trace)
        + preset.het_weight * nt_xent(het[:count], het[count : 2 * count], preset.temperature)
        + preset.orth_weight * soft_orthogonality(real_hom, het[: 2 * count])
        + preset.neg_weight * away_from_trace(twin_hom, trace)
    )


def stage2_loss(network: TraceNetwork, batches: Batches, preset: Preset) -> Tensor:
    """`BCE + lambda ExtendedSupCon` on one batch of both classes."""
    crops, is_ai = batches.labelled(preset.batch_images)
    mapped = network.features(crops)
    hom, _ = network.project(mapped)
    contrast = extended_supcon(hom, is_ai, network.traces, preset.temperature)
    logits = network.classify(mapped)
    return F.binary_cross_entropy_with_logits(logits, is_ai) + preset.contrast_weight * contrast


@torch.no_grad()
def update_trace(network: TraceNetwork, homogeneous: Tensor, momentum: float) -> None:
    """The trace is the moving average of the photographs' homogeneous features."""
    mean = F.normalize(homogeneous.mean(0, keepdim=True), dim=1)
    network.traces.copy_(F.normalize(momentum * network.traces + (1 - momentum) * mean, dim=1))


@torch.no_grad()
def measure_trace(network: TraceNetwork, batches: Batches, preset: Preset) -> Tensor:
    """The trace [1, d] after stage 1: the centroid over photographs."""
    network.eval()
    found = []
    for _ in range(4):
        first, _, _ = batches.views_and_twins(preset.batch_images)
        found.append(network.project(network.features(first))[0])
    return F.normalize(torch.cat(found).mean(0, keepdim=True), dim=1)


def save_checkpoint(network: TraceNetwork, preset: Preset, folder: Path) -> None:
    """Weights as safetensors, the preset beside them."""
    # In its plain layout: channels-last tensors cannot be saved.
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(state, folder / "network.safetensors")
    (folder / "preset.json").write_text(json.dumps(asdict(preset), indent=2))


def load_checkpoint(network: TraceNetwork, folder: Path) -> None:
    """Put a checkpoint's weights into a network of the same preset."""
    network.load_state_dict(load_file(folder / "network.safetensors"))
