"""`ntf sources`: the list of data sources for the model card."""

import csv
from collections import Counter
from pathlib import Path

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
@click.option("--split", default="train", show_default=True)
def command(manifest_path: Path, split: str) -> None:
    """Print each source of a split with its repository, licence and count, as Markdown."""
    path = manifest_path / "manifest.tsv" if manifest_path.is_dir() else manifest_path
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["split"] == split]
    counts = Counter((row["label"], row["source"], row["repo"], row["licence"]) for row in rows)
    click.echo("| class | source | from | licence it states | images |\n|---|---|---|---|---|")
    for (label, source, repo, licence), count in sorted(counts.items()):
        click.echo(f"| {label} | {source} | {repo} | {licence or 'none'} | {count} |")
