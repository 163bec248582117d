"""`ntf evaluate`: the figures of the model card, by one command."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import manifest_option

if TYPE_CHECKING:
    from ntf.evaluation.detectors import Detector, Judge


@click.command()
@manifest_option
@click.option("--split", default="dev", show_default=True)
@click.option(
    "--model",
    type=click.Path(exists=True, path_type=Path),
    help="Weights to measure; the shipped ones unless given.",
)
@click.option(
    "--also",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Set beside it: other weights, or ready scores (.npz). May be repeated.",
)
@click.option(
    "--distance", is_flag=True, help="Set the distance from the trace alone beside it, as a score."
)
@click.option(
    "--conditions",
    default="",
    metavar="A,B",
    help="Some of the conditions, by name or key; all unless given.",
)
@click.option(
    "--threshold",
    type=float,
    help="Balanced threshold on the raw score, chosen on other images; else the model's own.",
)
@click.option(
    "--out",
    "folder",
    default=Path("var/evaluation"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Tables, plots, figures as JSON, and scores to go on from.",
)
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(0, 100_000))
@click.option("--threads", default=2, show_default=True)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1.")
def command(
    *,
    manifest_path: Path,
    split: str,
    model: Path | None,
    also: tuple[Path, ...],
    distance: bool,
    conditions: str,
    threshold: float | None,
    folder: Path,
    resamples: int,
    threads: int,
    device: str,
) -> None:
    """Measure a detector on a split: by generator, compression and kind of photograph.

    An evaluation that was stopped goes on where it was: give the same command again.
    """
    from ntf.errors import NtfError
    from ntf.evaluation.conditions import choose_conditions
    from ntf.evaluation.plain import in_plain_data
    from ntf.evaluation.run import evaluate
    from ntf.evaluation.tables import in_markdown

    names = [name.strip() for name in conditions.split(",") if name.strip()]
    try:
        found = evaluate(
            manifest_path,
            split,
            (open_detector(path, threads, device) for path in (model, *also)),
            choose_conditions(names),
            folder,
            with_distance=distance,
            balanced_at=threshold,
            resamples=resamples,
            progress=show_progress,
        )
    except NtfError as error:
        raise click.ClickException(str(error)) from error
    tables = in_markdown(found)
    (folder / f"{split}.md").write_text(tables)
    (folder / f"{split}.json").write_text(json.dumps(in_plain_data(found), indent=1))
    click.echo(tables)
    try:
        from ntf.evaluation.plots import draw_all
    except ModuleNotFoundError:
        click.echo("No plots: matplotlib is not installed (requirements/train.txt).", err=True)
    else:
        for path in draw_all(found, folder):
            click.echo(f"Drew {path}", err=True)


def open_detector(path: Path | None, threads: int, device: str) -> "Detector | Judge | Path":
    """Ready scores stay a file to be read; everything else is weights."""
    from ntf.evaluation.detectors import ShippedDetector

    if path is not None and path.suffix == ".npz":
        return path
    return ShippedDetector.load(path, threads=threads, device=device)


def show_progress(label: str, total: int) -> Callable[[int], None]:
    """A bar in a terminal, and a line for each tenth elsewhere; both on standard error."""
    stream = sys.stderr
    if stream.isatty():
        bar = click.progressbar(
            length=total,
            label=label,
            file=stream,
            show_pos=True,
            update_min_steps=max(1, total // 500),
        )
        bar.render_progress()

        def draw(count: int) -> None:
            bar.update(count)
            if bar.finished:
                bar.render_finish()

        return draw
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        if total and 10 * done // total > 10 * before // total:
            click.echo(f"{label}: {done} of {total}", err=True)

    return tell
