"""One safetensors file: all that training needs to go on, and where the weights are from."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from ntf.errors import CheckpointMismatch
from ntf.network import TraceNetwork
from ntf.presets import Preset

NAME = "checkpoint.safetensors"
PREPROCESSING = "native crops, RGB / 255, then (x - 0.5) / 0.5"


@dataclass(slots=True)
class Checkpoint:
    """Where training stands. `moments` are the optimizer's tensors by name."""

    preset: Preset
    manifest_sha256: str
    stage: int = 1
    step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    moments: dict[str, Tensor] = field(default_factory=dict)

    def enter(self, stage: int, optimizer: torch.optim.Optimizer) -> int:
        """The step to go on from in a stage; the optimizer gets its moments back."""
        if self.stage != stage:
            self.stage, self.step, self.moments = stage, 0, {}
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in self.moments.items():
            index, kind = name.split(".")
            state.setdefault(int(index), {})[kind] = tensor
        if state:
            optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
        return self.step

    def at(self, step: int, optimizer: torch.optim.Optimizer) -> "Checkpoint":
        """This checkpoint after `step` steps of its stage."""
        self.step = step
        self.moments = {
            f"{index}.{kind}": tensor
            for index, kinds in optimizer.state_dict()["state"].items()
            for kind, tensor in kinds.items()
        }
        return self


def save_checkpoint(network: TraceNetwork, folder: Path, state: Checkpoint) -> None:
    """Write it whole or not at all. Frozen weights stay out: their package has them."""
    tensors = {f"network.{name}": tensor for name, tensor in learned_state(network).items()}
    tensors |= {f"optimizer.{name}": tensor for name, tensor in state.moments.items()}
    metadata = {
        "preset": json.dumps(asdict(state.preset)),
        "preprocessing": PREPROCESSING,
        "manifest_sha256": state.manifest_sha256,
        "metrics": json.dumps(state.metrics),
        "stage": str(state.stage),
        "step": str(state.step),
    }
    # In their plain layout: channels-last tensors cannot be saved.
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    part = folder / (NAME + ".part")
    save_file(plain, part, metadata)
    part.replace(folder / NAME)


def load_checkpoint(network: TraceNetwork, folder: Path, state: Checkpoint | None = None) -> bool:
    """Put a checkpoint's weights into a network; `state` gets the rest. False: there is none.

    Raises:
        CheckpointMismatch: it is of another preset, manifest or network.
    """
    path = folder / NAME
    if not path.exists():
        return False
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if state is not None:
        if read_preset(metadata) != state.preset:
            raise CheckpointMismatch(
                f"{path} was trained with other settings. Give another folder, or remove it."
            )
        if metadata["manifest_sha256"] != state.manifest_sha256:
            raise CheckpointMismatch(
                f"{path} was trained on another manifest. Give another folder, or remove it."
            )
        state.stage, state.step = int(metadata["stage"]), int(metadata["step"])
        state.metrics = json.loads(metadata["metrics"])
        state.moments = _under("optimizer.", tensors)
    learned = _under("network.", tensors)
    if set(learned) != set(learned_state(network)):
        raise CheckpointMismatch(f"{path} is of another network.")
    network.load_state_dict(learned, strict=False)
    return True


def read_preset(metadata: dict[str, str]) -> Preset:
    """The settings in a checkpoint's metadata."""
    return Preset.from_json(json.loads(metadata["preset"]))


def read_metadata(folder: Path) -> dict[str, str]:
    """What a run's checkpoint says of itself.

    Raises:
        CheckpointMismatch: there is none.
    """
    path = folder / NAME
    if not path.exists():
        raise CheckpointMismatch(f"There is no {path}. Run `ntf train --out {folder}` first.")
    with safe_open(path, "pt") as file:
        metadata: dict[str, str] = file.metadata()
    return metadata


def learned_state(network: TraceNetwork) -> dict[str, Tensor]:
    """Every tensor of the network but its frozen parameters."""
    frozen = {name for name, value in network.named_parameters() if not value.requires_grad}
    return {name: value for name, value in network.state_dict().items() if name not in frozen}


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
