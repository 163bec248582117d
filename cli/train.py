"""`ntf train`: train a preset through both stages."""

from pathlib import Path

import click


@click.command()
@click.option("--preset", default="small", show_default=True)
@click.option(
    "--manifest",
    "manifest_path",
    envvar="NTF_DATA",
    required=True,
    type=click.Path(path_type=Path),
    help="manifest.tsv, or its folder  [NTF_DATA]",
)
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), help="Run folder.")
@click.option("--minutes", type=float, help="Let the schedule end after this time.")
@click.option("--threads", default=2, show_default=True)
def command(
    preset: str, manifest_path: Path, folder: Path, minutes: float | None, threads: int
) -> None:
    """Train on the manifest's split `train`, less the sources kept for calibration."""
    import torch

    from ntf.batches import Batches, decode_with_pillow, load_pixels
    from ntf.calibrate import CALIBRATION_SHARE
    from ntf.manifest import read_manifest, split_off_calibration
    from ntf.network import build_network
    from ntf.presets import PRESETS
    from ntf.train import train

    torch.set_num_threads(threads)
    if manifest_path.is_dir():
        manifest_path = manifest_path / "manifest.tsv"
    chosen = PRESETS[preset]
    items = [item for item in read_manifest(manifest_path) if item.split == "train"]
    items, _ = split_off_calibration(items, CALIBRATION_SHARE)
    pixels = load_pixels(items, decode_with_pillow)
    folder.mkdir(parents=True, exist_ok=True)
    network = build_network(chosen, pretrained=chosen.backbone != "tiny")
    network = network.to(memory_format=torch.channels_last)
    train(
        network,
        Batches(items, pixels, chosen.crop_px, chosen.seed),
        chosen,
        folder,
        budget_seconds=minutes * 60 if minutes else None,
    )
    click.echo(f"Trained {preset} on {len(items)} images; checkpoint in {folder}")
