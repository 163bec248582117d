"""`ntf sources`: the list of data sources for the model card."""

import csv
from collections import Counter
from pathlib import Path

import click

from cli.options import manifest_option


@click.command()
@manifest_option
@click.option("--split", default="train", show_default=True)
def command(manifest_path: Path, split: str) -> None:
    """Print each source of a split with its repository, licence and count, as Markdown."""
    with manifest_path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["split"] == split]
    counts = Counter(
        (row["label"], row["source"], row.get("repo"), row.get("licence")) for row in rows
    )
    click.echo("| class | source | from | licence it states | images |\n|---|---|---|---|---|")
    for (label, source, repo, licence), count in sorted(counts.items(), key=str):
        click.echo(f"| {label} | {source} | {repo or 'unknown'} | {licence or 'none'} | {count} |")
