"""`ntf evaluate`: the figures of the model card, by one command."""

import json
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option(
    "--manifest",
    "manifest_path",
    envvar="NTF_DATA",
    required=True,
    type=click.Path(path_type=Path),
    help="manifest.tsv, or its folder  [NTF_DATA]",
)
@click.option("--split", default="dev", show_default=True)
@click.option("--model", type=click.Path(exists=True, path_type=Path), help="Other weights.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures.")
def command(manifest_path: Path, split: str, model: Path | None, json_path: Path | None) -> None:
    """Measure the detector on a split: by generator, compression and kind of photograph."""
    from ntf.batches import decode_with_pillow, load_pixels
    from ntf.errors import NtfError
    from ntf.evaluate import evaluate
    from ntf.manifest import read_manifest
    from ntf.predictor import Predictor

    path = manifest_path / "manifest.tsv" if manifest_path.is_dir() else manifest_path
    try:
        items = [item for item in read_manifest(path) if item.split == split]
    except NtfError as error:
        raise click.ClickException(str(error)) from error
    if not items:
        raise click.ClickException(f"The manifest has no split {split!r}.")
    figures = evaluate(
        Predictor.load(model, threads=2), items, load_pixels(items, decode_with_pillow)
    )
    if json_path:
        json_path.write_text(json.dumps(figures, indent=2))
    click.echo(in_markdown(figures, split))


def in_markdown(figures: dict[str, Any], split: str) -> str:
    """The tables, for a terminal and for the card."""
    counts, conditions = figures["counts"], figures["conditions"]
    headline = conditions["JPEG 90"]
    lines = [
        f"{figures['model']['version']} on `{split}`: {counts['ai']} AI-made, "
        f"{counts['photographs']} photographs, "
        f"{counts['reals'] - counts['photographs']} other reals",
        "",
        "| condition | mean AP, photographs | mean AP, all reals | caught at 1 % false alarms |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {found['mean_ap_photographs']:.3f} | {found['mean_ap_all_reals']:.3f} "
        f"| {found['caught_at_1_percent']:.0%} |"
        for name, found in conditions.items()
    ]
    lines += [
        "",
        "JPEG 90, each generator against the photographs:",
        "",
        "| generator | family | n | AP | AUC | accuracy at threshold | caught at 1 % |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['generator']} | {row['family']} | {row['count']} | {row['ap']:.3f} "
        f"| {row['auc']:.3f} | {row['accuracy']:.3f} | {row['caught_at_1_percent']:.0%} |"
        for row in headline["generators"]
    ]
    lines += [
        "",
        "False alarms at the shipped threshold, JPEG 90:",
        "",
        "| kind | called likely AI | of |",
        "|---|---|---|",
    ]
    lines += [f"| {kind} | {n[0]} | {n[1]} |" for kind, n in headline["false_alarms"].items()]
    return "\n".join(lines)
