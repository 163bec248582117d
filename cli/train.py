"""`ntf train`: train a preset through both stages."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import manifest_option

if TYPE_CHECKING:
    from ntf.presets import Preset


@click.command()
@click.option("--preset", default="traces", show_default=True)
@manifest_option
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), help="Run folder.")
@click.option(
    "--twins",
    "twins_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that `ntf twins` filled.",
)
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change the preset, as in JSON."
)
@click.option(
    "--start",
    "start",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Begin with the weights of a detector's folder, or of another run; stage 1 is left out.",
)
@click.option("--compile", "compiled", is_flag=True, help="Fuse operations first; needs g++.")
@click.option("--threads", default=2, show_default=True)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1.")
def command(
    *,
    preset: str,
    manifest_path: Path,
    folder: Path,
    twins_folder: Path | None,
    changes: tuple[str, ...],
    start: Path | None,
    compiled: bool,
    threads: int,
    device: str,
) -> None:
    """Train on the manifest's split `train`, less the sources kept for calibration.

    The manifest must pass `ntf audit`: a detector learns what its files give away.
    A run that was stopped goes on where it was: give the same command again. Several processes:
    `torchrun --nproc-per-node 2 -m cli train ...`.
    """
    import torch

    from ntf.audit import require_audit_passes
    from ntf.batches import Batches, ImageSet, load_pixels
    from ntf.datasets.shards import decode_image
    from ntf.errors import NtfError
    from ntf.manifest import hash_manifest, read_manifest, split_off_calibration
    from ntf.network import build_network
    from ntf.presets import PRESETS
    from ntf.start import name_start, start_from
    from ntf.train import leave_group, train
    from ntf.twins.make import find_twins

    torch.set_num_threads(threads)
    if "WORLD_SIZE" in os.environ:
        torch.distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    if preset not in PRESETS:
        raise click.BadParameter(f"one of {', '.join(PRESETS)}", param_hint="--preset")
    chosen = change(PRESETS[preset], changes)
    try:
        if start is not None:
            chosen = replace(chosen, stage1_steps=0, started_from=name_start(start))
        if rank() == 0:
            require_audit_passes(manifest_path, folder, threads)
        items = [item for item in read_manifest(manifest_path) if item.split == "train"]
        items, _ = split_off_calibration(items)
        twins = find_twins(items, twins_folder) if twins_folder else {}
        images = ImageSet(items, load_pixels(items, decode_image), twins)
        torch.manual_seed(chosen.seed)
        network = build_network(chosen, pretrained=chosen.backbone != "tiny")
        if start is not None:
            start_from(network, chosen, start)
        train(
            network.to(memory_format=torch.channels_last),
            Batches(images, chosen.sides, chosen.pairs, chosen.seed, rank()),
            chosen,
            folder,
            manifest_sha256=hash_manifest(manifest_path),
            device=device,
            compiled=compiled,
        )
    except NtfError as error:
        raise click.ClickException(str(error)) from error
    leave_group()
    click.echo(f"Trained {preset} on {len(items)} images; checkpoint in {folder}")


def rank() -> int:
    """The number of this process among those that `torchrun` started; 0 alone."""
    return int(os.environ.get("RANK", "0"))


def change(preset: "Preset", changes: tuple[str, ...]) -> "Preset":
    """The preset with some settings changed, each given as `name=JSON`."""
    from ntf.presets import Preset

    values = asdict(preset)
    for text in changes:
        name, _, value = text.partition("=")
        if name not in values:
            raise click.BadParameter(f"{name!r} is none of {', '.join(values)}")
        try:
            values[name] = json.loads(value)
        except json.JSONDecodeError as error:
            raise click.BadParameter(f"{text!r}: the value is not JSON") from error
    return Preset.from_json(values)
