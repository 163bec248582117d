"""`ntf export`: checkpoints, calibrated, as the folder that serving loads."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cli.options import manifest_option

MIN_SIDE_PX = 96
# By backbone: at the image's own size, and at half of it, in how many windows it is looked at.
VIEWS = {"clip": ((1, 2), (2, 1))}
DEFAULT_VIEWS = ((1, 9),)


@click.command()
@click.option(
    "--run",
    "folders",
    multiple=True,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="A run of `ntf train`; several make one detector. The first draws the heatmap.",
)
@click.option("--weight", "weights", multiple=True, type=float, help="Of each run, in order.")
@manifest_option
@click.option(
    "--graphics",
    multiple=True,
    default=("hard_screenshots", "hard_diagrams"),
    show_default=True,
    help="Sources of what is no picture at all; the gate is fitted to them.",
)
@click.option(
    "--at-most",
    type=click.IntRange(min=20),
    help="Calibrate on this many images alone: for comparisons, not to be served.",
)
@click.option("--name", default="ntf-small", show_default=True)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--threads", default=2, show_default=True)
def command(
    *,
    folders: tuple[Path, ...],
    weights: tuple[float, ...],
    manifest_path: Path,
    graphics: tuple[str, ...],
    at_most: int | None,
    name: str,
    out: Path,
    threads: int,
) -> None:
    """Export runs: graphs, calibration on the sources kept back, thresholds."""
    from ntf.errors import NtfError
    from ntf.export import write_settings
    from ntf.manifest import hash_manifest

    if weights and len(weights) != len(folders):
        raise click.UsageError("Give a --weight for every --run, or none.")
    out.mkdir(parents=True, exist_ok=True)
    try:
        branches = [export_run(folder, out) for folder in folders]
        settings = describe(name, branches, hash_manifest(manifest_path))
        settings["gate"] = fit_domain(manifest_path, graphics)
        write_settings(out, settings)
        calibrate(
            out, manifest_path, settings, weights or [1.0] * len(branches), threads, at_most=at_most
        )
    except NtfError as error:
        raise click.ClickException(str(error)) from error
    write_settings(out, settings)
    total = sum(path.stat().st_size for path in out.iterdir())
    click.echo(json.dumps({**settings["info"], "bytes": total}, indent=2))


def export_run(folder: Path, out: Path) -> dict[str, Any]:
    """One run's graph, and its entry in the settings before calibration."""
    from dataclasses import asdict

    from ntf.checkpoint import load_checkpoint, read_metadata, read_preset
    from ntf.export import export_branch, hash_files
    from ntf.network import build_network

    metadata = read_metadata(folder)
    preset = read_preset(metadata)
    network = build_network(preset, pretrained=preset.backbone != "tiny")
    load_checkpoint(network, folder)
    path = out / f"{preset.name}.onnx"
    export_branch(network, path, preset.crop_px)
    return {
        "name": preset.name,
        "file": path.name,
        "files": hash_files(path),
        "crop_px": preset.crop_px,
        "views": [
            {"shrink": shrink, "max_windows": most}
            for shrink, most in VIEWS.get(preset.backbone, DEFAULT_VIEWS)
        ],
        "logit_scale": 1.0,
        "distance_scale": 1.0,
        "preset": asdict(preset),
        "trained_on_manifest": metadata["manifest_sha256"],
    }


def describe(name: str, branches: list[dict[str, Any]], manifest_sha256: str) -> dict[str, Any]:
    """The settings before calibration."""
    from ntf.export import name_version

    day = datetime.now(UTC).strftime("%Y.%m.%d")
    info = {
        "name": name,
        "version": name_version(
            name, day, [digest for branch in branches for digest in branch["files"].values()]
        ),
        "threshold_version": "uncalibrated",
        "likely_ai_at": 1.0,
        "no_evidence_below": 0.0,
        "min_side_px": MIN_SIDE_PX,
    }
    empty: dict[str, list[list[float]]] = {"normal": [[]], "small": [[]]}
    return {
        "info": info,
        "manifest_sha256": manifest_sha256,
        "branches": branches,
        "calibration": {"slope": 1.0, "intercept": 0.0, "real_distances": empty},
        "disagreement_above": 1.0,
    }


def fit_domain(manifest_path: Path, graphics: tuple[str, ...]) -> dict[str, Any]:
    """The gate, from graphics against photographs and AI-made images of split `train`."""
    from ntf.batches import load_pixels
    from ntf.calibrate import fit_gate
    from ntf.datasets.shards import decode_image
    from ntf.manifest import HARD, read_manifest

    items = [item for item in read_manifest(manifest_path) if item.split == "train"]
    flat = [item for item in items if not item.is_ai and item.source in graphics]
    pictures = [item for item in items if item.is_ai or item.family != HARD]
    return fit_gate(load_pixels(flat, decode_image), load_pixels(pictures, decode_image))


def calibrate(
    out: Path,
    manifest_path: Path,
    settings: dict[str, Any],
    weights: Sequence[float],
    threads: int,
    *,
    at_most: int | None,
) -> None:
    """Fill in scales, calibration and thresholds, measured through the predictor itself."""
    import numpy as np

    from ntf.batches import load_pixels
    from ntf.calibrate import (
        find_thresholds,
        fit_calibration,
        fit_disagreement,
        fit_scales,
        measure_strata,
    )
    from ntf.datasets.shards import decode_image
    from ntf.export import write_settings
    from ntf.manifest import read_manifest, split_off_calibration
    from ntf.predictor import Predictor

    train = [item for item in read_manifest(manifest_path) if item.split == "train"]
    _, items = split_off_calibration(train)
    items = items[:: -(-len(items) // at_most)] if at_most else items
    is_ai = np.array([item.is_ai for item in items])
    if len(set(is_ai.tolist())) < 2:
        raise click.ClickException(
            "The sources kept for calibration are of one class only. Add sources of both classes."
        )
    predictor = Predictor.load(out, threads=1)
    images = load_pixels(items, decode_image)
    table = measure_strata(predictor, images, at_once=threads)
    names = [branch["name"] for branch in settings["branches"]]
    scales = fit_scales(table, is_ai, dict(zip(names, weights, strict=True)))
    for branch in settings["branches"]:
        branch["logit_scale"], branch["distance_scale"] = scales[branch["name"]]
    settings["calibration"] = fit_calibration(table, is_ai, scales)
    thresholds = find_thresholds(table, is_ai, scales, settings["calibration"])
    settings["info"] |= thresholds
    write_settings(out, settings)
    settings["disagreement_above"] = fit_disagreement(Predictor.load(out), table)
    settings["info"]["threshold_version"] = f"1-{thresholds['likely_ai_at']:.4f}"
