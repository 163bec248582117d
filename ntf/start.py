"""Training that begins with weights which are there: a detector's folder, or another run's.

A server that retrains, or a machine that trains for an hour a day, does not begin anew each time.
"""

import json
from pathlib import Path
from typing import Any

from ntf.checkpoint import NAME, load_checkpoint
from ntf.errors import CheckpointMismatch
from ntf.network import TraceNetwork
from ntf.predictor import SETTINGS, read_heads
from ntf.presets import Preset
from ntf.torch_backend import read_graph

# What gives a network its shape; a start must agree in these, and in nothing else.
SHAPE = ("backbone", "levels", "adapter_rank", "projection")


def name_start(folder: Path) -> str:
    """A detector's version, or a run's folder."""
    if (folder / SETTINGS).exists():
        version: str = json.loads((folder / SETTINGS).read_text())["info"]["version"]
        return version
    return folder.name


def start_from(network: TraceNetwork, preset: Preset, folder: Path) -> None:
    """Put a run's or a detector's weights into a network that is about to be trained.

    The heterogeneous head is no part of a detector; from one, it stays as it was made.

    Raises:
        CheckpointMismatch: the folder is neither, or holds no network of the preset's shape.
    """
    if (folder / NAME).exists():
        load_checkpoint(network, folder)
        return
    if not (folder / SETTINGS).exists():
        raise CheckpointMismatch(f"{folder} is neither a detector's folder nor a run's.")
    branches = json.loads((folder / SETTINGS).read_text())["branches"]
    for branch in branches:
        if _shape(Preset.from_json(branch["preset"])) == _shape(preset):
            read_graph(network, folder / branch["file"], read_heads(folder, branch))
            return
    raise CheckpointMismatch(f"{folder} has no network with the shape of preset {preset.name}.")


def _shape(preset: Preset) -> tuple[Any, ...]:
    return tuple(getattr(preset, name) for name in SHAPE)
