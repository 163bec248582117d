"""The training loop of both stages, top to bottom. Nothing here is used in serving."""

import csv
import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from ntf.batches import Batches
from ntf.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ntf.losses.extended_supcon import extended_supcon
from ntf.losses.natural_trace import away_from_trace, to_trace
from ntf.losses.nt_xent import nt_xent
from ntf.losses.orthogonality import soft_orthogonality
from ntf.network import TraceNetwork
from ntf.precision import has_bf16
from ntf.presets import Preset

SAVE_EVERY_STEPS = 50
PREFETCHED = 2

Arrays = tuple[Tensor, ...]
Loss = Callable[[nn.Module, TraceNetwork, Arrays, Preset], Tensor]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its steps, where a step's batch comes from, and the loss of a batch."""

    number: int
    steps: int
    batch_of: Callable[[int], Arrays]
    loss: Loss


def train(
    network: TraceNetwork,
    batches: Batches,
    preset: Preset,
    folder: Path,
    *,
    manifest_sha256: str = "",
    device: str = "cpu",
    compiled: bool = False,
) -> None:
    """Stage 1 on photographs alone, then stage 2 on both classes.

    Goes on from the checkpoint in `folder` if there is one, to the same weights that it would
    have reached in one go. Under `torchrun` each process takes its own batches and the gradients
    are averaged (DistributedDataParallel); only the first one writes.

    Args:
        compiled: fuse the network's small operations first (`torch.compile`): a quarter faster on
            a CPU, after a minute or two for each of the preset's sides; needs a C++ compiler.

    Raises:
        CheckpointMismatch: the folder's checkpoint is of another preset or manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network.to(device)
    state = Checkpoint(preset, manifest_sha256)
    load_checkpoint(network, folder, state)
    first = Stage(
        1,
        preset.stage1_steps,
        lambda step: batches.views_and_twins(step, preset.batch_images // 2),
        stage1_loss,
    )
    second = Stage(
        2,
        preset.stage2_steps,
        lambda step: batches.labelled(step, preset.batch_images),
        stage2_loss,
    )
    run_stage(first, network, state, folder, compiled=compiled)
    if state.stage == first.number and first.steps:
        network.traces.copy_(measure_trace(network, batches, preset))
    run_stage(second, network, state, folder, compiled=compiled)


def run_stage(
    stage: Stage, network: TraceNetwork, state: Checkpoint, folder: Path, *, compiled: bool = False
) -> None:
    """AdamW under a cosine; a checkpoint and a line of the curve every few steps."""
    if state.stage > stage.number:
        return
    preset = state.preset
    device = next(network.parameters()).device
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, preset.learning_rate, weight_decay=preset.weight_decay)
    first = state.enter(stage.number, optimizer)
    model = distribute(network)
    if compiled:
        model.compile(dynamic=False)
    network.train()
    curve = Curve(folder / f"stage{stage.number}.csv", first)
    for step, batch in tqdm(
        prefetched(stage.batch_of, first, stage.steps),
        desc=f"stage {stage.number}",
        initial=first,
        total=stage.steps,
        disable=None if is_first_process() else True,
        mininterval=2,
    ):
        for group in optimizer.param_groups:
            group["lr"] = preset.learning_rate * rate_at(step / stage.steps)
        with half_precision(preset, device):
            value = stage.loss(model, network, tuple(part.to(device) for part in batch), preset)
        optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        if is_first_process():
            state.metrics = {"loss": curve.add(step, value)}
            if (step + 1) % SAVE_EVERY_STEPS == 0 or step + 1 == stage.steps:
                save_checkpoint(network, folder, state.at(step + 1, optimizer))


def stage1_loss(model: nn.Module, network: TraceNetwork, batch: Arrays, preset: Preset) -> Tensor:
    """`L_hom + a L_het + b L_orth + c L_neg` on two views of photographs and their twins."""
    first, second, twins = batch
    mapped = model(torch.cat([first, second, twins]))
    count = len(first)
    real_hom, twin_hom = mapped.homogeneous[: 2 * count], mapped.homogeneous[2 * count :]
    het = mapped.heterogeneous
    update_trace(network, real_hom, preset.trace_momentum)
    trace = network.traces[0]
    return (
        to_trace(real_hom, trace)
        + preset.het_weight * nt_xent(het[:count], het[count : 2 * count], preset.temperature)
        + preset.orth_weight * soft_orthogonality(real_hom, het[: 2 * count])
        + preset.neg_weight * away_from_trace(twin_hom, trace)
    )


def stage2_loss(model: nn.Module, network: TraceNetwork, batch: Arrays, preset: Preset) -> Tensor:
    """`BCE + lambda ExtendedSupCon` on one batch of both classes."""
    crops, is_ai = batch
    mapped = model(crops)
    contrast = extended_supcon(
        mapped.homogeneous, is_ai, network.traces, preset.temperature, preset.trace_weight
    )
    judged = F.binary_cross_entropy_with_logits(mapped.logits, is_ai)
    return judged + preset.contrast_weight * contrast


@torch.no_grad()
def update_trace(network: TraceNetwork, homogeneous: Tensor, momentum: float) -> None:
    """The trace follows the photographs' homogeneous features, averaged over all processes."""
    mean = homogeneous.detach().mean(0, keepdim=True)
    if torch.distributed.is_initialized():
        torch.distributed.all_reduce(mean)
    moved = momentum * network.traces + (1 - momentum) * F.normalize(mean, dim=1)
    network.traces.copy_(F.normalize(moved, dim=1))


@torch.no_grad()
def measure_trace(network: TraceNetwork, batches: Batches, preset: Preset) -> Tensor:
    """The trace [1, d] after stage 1: the centroid over photographs."""
    network.eval()
    device = network.traces.device
    found = []
    for step in range(4):
        photographs, _, _ = batches.views_and_twins(preset.stage1_steps + step, preset.batch_images)
        with half_precision(preset, device):
            found.append(network(photographs.to(device)).homogeneous)
    mean = torch.cat(found).mean(0, keepdim=True)
    if torch.distributed.is_initialized():
        torch.distributed.all_reduce(mean)
    return F.normalize(mean, dim=1)


def rate_at(progress: float) -> float:
    """A short warm-up, then half a cosine; `progress` is 0..1."""
    warm = min(1.0, progress / 0.05 + 0.05)
    return warm * 0.5 * (1 + float(torch.cos(torch.tensor(progress * torch.pi))))


def prefetched(
    batch_of: Callable[[int], Arrays], first: int, steps: int
) -> Iterator[tuple[int, Arrays]]:
    """Each step with its batch, made on another thread while the one before is learned from."""
    with ThreadPoolExecutor(PREFETCHED) as pool:
        waiting = [
            pool.submit(batch_of, step) for step in range(first, min(first + PREFETCHED, steps))
        ]
        for step in range(first, steps):
            batch = waiting.pop(0).result()
            if step + PREFETCHED < steps:
                waiting.append(pool.submit(batch_of, step + PREFETCHED))
            yield step, batch


def half_precision(preset: Preset, device: torch.device) -> AbstractContextManager[object]:
    """bf16 where the preset asks for it and the device has it; parameters and sums stay in fp32."""
    if not (preset.bf16 and has_bf16(device)):
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def distribute(network: TraceNetwork) -> nn.Module:
    """The network, its gradients averaged over all processes where there are several."""
    if not torch.distributed.is_initialized():
        return network
    # Each stage's loss leaves a head of the network out.
    return DistributedDataParallel(network, find_unused_parameters=True)


def leave_group() -> None:
    """Part from the other processes, where there are any, when all of them are done.

    A process that leaves while another still sends, or whose wrappers outlive the group, is
    sometimes ended by gloo's own threads ("terminate called"), after all was learned and saved.
    """
    if torch.distributed.is_initialized():
        gc.collect()
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def is_first_process() -> bool:
    """Whether this process writes the files."""
    return not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0


class Curve:
    """Mean loss by every ten steps, as CSV; lines of steps that are done again are dropped."""

    def __init__(self, path: Path, first: int) -> None:
        self._path = path
        self._sum, self._count = 0.0, 0
        kept = []
        if path.exists():
            with path.open(newline="") as file:
                kept = [row for row in list(csv.reader(file))[1:] if int(row[0]) < first]
        if is_first_process():
            with path.open("w", newline="") as file:
                csv.writer(file).writerows([["step", "loss"], *kept])

    def add(self, step: int, value: Tensor) -> float:
        """Count one step's loss in; the mean since the last line."""
        self._sum, self._count = self._sum + value.item(), self._count + 1
        mean = self._sum / self._count
        if step % 10 == 9:
            with self._path.open("a", newline="") as file:
                csv.writer(file).writerow([step, round(mean, 4)])
            self._sum, self._count = 0.0, 0
        return mean
