"""`ntf manifest`: list a folder of images, or a public set, for training and measuring."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ntf.datasets.build import Built

LAYOUTS = (
    "auto",
    "folders",
    "forensynths",
    "aigcdetectbenchmark",
    "genimage",
    "synthbuster",
    "chameleon",
    "wildrf",
    "community-forensics",
)
NAMED = 5


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The manifest to write; manifest.tsv in DIR if not given.",
)
@click.option("--layout", type=click.Choice(LAYOUTS), default="auto", show_default=True)
@click.option(
    "--split",
    help="Put all images into this split. If not given: what the folders say (train, val, test), "
    "or `test`.",
)
@click.option("--force", is_flag=True, help="Write over a manifest that is there.")
def command(folder: Path, out: Path | None, layout: str, split: str | None, force: bool) -> None:
    """List the images of DIR and of the tar shards in it, with what their folders say of them.

    The plain layout is real/SOURCE/... and ai/GENERATOR/...; docs/datasets.md has the others.
    Files that cannot be read or are there twice are left out and named.
    """
    from ntf.datasets.build import build_manifest, write_manifest
    from ntf.errors import NtfError

    out = out or folder / "manifest.tsv"
    if out.exists() and not force:
        raise click.ClickException(f"{out} is there. Give --force to write over it, or --out.")
    try:
        built = build_manifest(folder, layout, split)
        write_manifest(built.rows, folder, out)
    except (NtfError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(summarise(built))
    click.echo(f"Wrote {out}. Next: ntf audit {out}")
    named = (
        ("cannot be read", built.unreadable),
        ("are there twice", [f"{file} (as {first})" for file, first in built.repeated]),
        ("are the same in both classes; none of them stays", built.contradicting),
    )
    for what, files in named:
        if files:
            click.echo(f"Left out {len(files)} that {what}: {name_some(files)}", err=True)


def summarise(built: "Built") -> str:
    """The layout, and a table of the splits with their images and sources."""
    images = Counter((place.split, place.is_ai) for _, place in built.rows)
    sources = Counter(
        (split, is_ai)
        for split, is_ai, _ in {(place.split, place.is_ai, place.source) for _, place in built.rows}
    )
    lines = [
        f"Layout: {built.layout}",
        "",
        "| split | class | images | sources |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {split} | {'ai' if is_ai else 'real'} | {count} | {sources[split, is_ai]} |"
        for (split, is_ai), count in sorted(images.items())
    ]
    return "\n".join([*lines, ""])


def name_some(names: Sequence[str]) -> str:
    """The first few of a list, and how many there are besides."""
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
