"""`ntf export`: a checkpoint, calibrated, as the one ONNX file that serving loads."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ntf.presets import Preset

MIN_SIDE_PX = 96


@click.command()
@click.option("--run", "folder", required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--manifest",
    "manifest_path",
    envvar="NTF_DATA",
    required=True,
    type=click.Path(path_type=Path),
    help="manifest.tsv, or its folder  [NTF_DATA]",
)
@click.option("--out", "path", required=True, type=click.Path(path_type=Path))
def command(folder: Path, manifest_path: Path, path: Path) -> None:
    """Export a run: graph, calibration on the sources kept back, thresholds, metadata."""
    from ntf.export import export_graph, write_metadata
    from ntf.manifest import hash_manifest
    from ntf.network import build_network
    from ntf.presets import Preset
    from ntf.train import load_checkpoint

    if manifest_path.is_dir():
        manifest_path = manifest_path / "manifest.tsv"
    preset = Preset(**json.loads((folder / "preset.json").read_text()))
    network = build_network(preset)
    load_checkpoint(network, folder)
    export_graph(network, path, preset.crop_px)
    metadata = describe(path, preset, hash_manifest(manifest_path))
    write_metadata(path, metadata)
    calibrate(path, manifest_path, metadata)
    write_metadata(path, metadata)
    click.echo(json.dumps({**metadata["info"], "file_bytes": path.stat().st_size}, indent=2))


def describe(path: Path, preset: "Preset", manifest_sha256: str) -> dict[str, Any]:
    """The metadata before calibration."""
    from dataclasses import asdict

    from ntf.export import name_version

    name = f"ntf-{preset.name}"
    version = name_version(path, name, datetime.now(UTC).strftime("%Y.%m.%d"))
    info = {
        "name": name,
        "version": version,
        "threshold_version": "uncalibrated",
        "likely_ai_at": 1.0,
        "no_evidence_below": 0.0,
        "min_side_px": MIN_SIDE_PX,
    }
    return {
        "info": info,
        "crop_px": preset.crop_px,
        "preset": asdict(preset),
        "manifest_sha256": manifest_sha256,
        "calibration": {"slope": 1.0, "intercept": 0.0, "real_distances": []},
    }


def calibrate(path: Path, manifest_path: Path, metadata: dict[str, Any]) -> None:
    """Fill in calibration and thresholds, measured through the predictor itself."""
    import numpy as np

    from ntf.batches import decode_with_pillow, load_pixels
    from ntf.calibrate import (
        CALIBRATION_SHARE,
        find_thresholds,
        fit_calibration,
        measure_strata,
    )
    from ntf.manifest import read_manifest, split_off_calibration
    from ntf.predictor import Predictor

    train = [item for item in read_manifest(manifest_path) if item.split == "train"]
    _, items = split_off_calibration(train, CALIBRATION_SHARE)
    is_ai = np.array([item.is_ai for item in items])
    if len(set(is_ai.tolist())) < 2:
        raise click.ClickException(
            "The sources kept for calibration are of one class only. Add sources of both classes."
        )
    measured = measure_strata(
        Predictor.load(path, threads=2), load_pixels(items, decode_with_pillow)
    )
    metadata["calibration"] = fit_calibration(measured, is_ai)
    thresholds = find_thresholds(measured, is_ai, metadata["calibration"])
    metadata["info"] |= thresholds
    metadata["info"]["threshold_version"] = f"1-{thresholds['likely_ai_at']:.4f}"
