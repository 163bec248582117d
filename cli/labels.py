"""`ntf labels`: what moderators decided, as a manifest with its files, to fine-tune on."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scans.image_store import ImageStore
    from scans.label_rules import Label

# Its position keeps the source in training (`ntf.manifest.split_off_calibration`).
SOURCE = "labels"
# By the third that no training may see, the new weights are judged.
SPLITS = {False: "train", True: "dev"}


@click.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="A new or an empty folder, for manifest.tsv and the images.",
)
@click.option(
    "--join",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A manifest whose rows come first: what the network has learned from until now.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Near-copies of its hold-out are left out.  [default: the shipped one]",
)
def command(out: Path, join: Path | None, model: Path | None) -> None:
    """Write the labels that retraining counts, on NTF_DATABASE_URL, for `ntf train --start`.

    The same rules hold (docs/learning.md). Those that the gate keeps back get the split dev.
    """
    from cli.dead_letters import open_rows
    from ntf.feature_set import FILE, load_features
    from ntf.predictor import SHIPPED
    from scans.label_rows import find_called_ai, read_opinions
    from scans.label_rules import gather
    from scans.open_store import open_image_store
    from scans.settings import load_settings

    if out.exists() and any(out.iterdir()):
        raise click.ClickException(f"{out} is not empty: name a new folder.")
    described = load_features((model or SHIPPED) / FILE).described
    holdout = [one.pdq for one in described if one.part == "holdout"]
    with open_rows() as sessions, sessions.begin() as session:
        found = gather(read_opinions(session), holdout)
        lone = [one for one in found.labels if not one.is_ai and len(one.accounts) == 1]
        called_ai = find_called_ai(session, [one.image_sha256 for one in lone])
    # As in retraining (`worker.retrain.drop_lone_pardons`): such labels open doors.
    pardons = [one for one in lone if one.image_sha256 in called_ai]
    kept = [one for one in found.labels if one not in pardons]
    rows, gone = write_images(kept, open_image_store(load_settings()), out)
    write_manifest([*(read_joined(join) if join else ()), *rows], out / "manifest.tsv")
    ours = {"its bytes were removed": gone, "one account alone pardons it": len(pardons)}
    for why, count in (ours | found.left_out).items():
        if count:
            click.echo(f"left out: {count} ({why})", err=True)
    click.echo(f"{len(rows)} labels are in {out / 'manifest.tsv'}.")


def write_images(
    labels: "Sequence[Label]", store: "ImageStore", out: Path
) -> tuple[list[dict[str, str]], int]:
    """One file and one row for each label; how many have no bytes any more.

    Strangers' files: nothing opens them here, so they have no ending, and training goes by content.
    """
    from ntf.datasets.families import REAL, UNKNOWN
    from scans.errors import ImageNotStored

    (out / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for label in labels:
        try:
            content = store.read("bytes", label.image_sha256)
        except ImageNotStored:
            continue
        name = f"images/{label.image_sha256}"
        (out / name).write_bytes(content)
        rows.append(
            {
                "file": name,
                "split": SPLITS[label.is_kept_back],
                "label": "ai" if label.is_ai else "real",
                "source": SOURCE,
                "family": UNKNOWN if label.is_ai else REAL,
            }
        )
    return rows, len(labels) - len(rows)


def read_joined(manifest: Path) -> list[dict[str, str]]:
    """Another manifest's rows, with whole paths."""
    from ntf.manifest import read_manifest

    return [
        {
            "file": str(item.path.resolve()),
            "split": item.split,
            "label": "ai" if item.is_ai else "real",
            "source": item.source,
            "family": item.family,
        }
        for item in read_manifest(manifest)
    ]


def write_manifest(rows: list[dict[str, str]], path: Path) -> None:
    """All rows, in the columns that training reads."""
    from ntf.manifest import COLUMNS

    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
