"""`ntf audit`: can a manifest's classes be told apart without looking at the pictures?"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import manifest_argument

if TYPE_CHECKING:
    from ntf.audit import Audit

LISTED = 40


@click.command()
@manifest_argument
@click.option(
    "--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write all of it."
)
@click.option(
    "--write-clean",
    "clean_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a manifest without near-copies across splits and without unreadable files.",
)
@click.option("--threads", default=1, show_default=True)
def command(
    manifest_path: Path, json_path: Path | None, clean_path: Path | None, threads: int
) -> None:
    """Judge what the files of MANIFEST give away, and find pictures that stand in two splits.

    MANIFEST is manifest.tsv or its folder [NTF_DATA]. Ends with 1 where training must not start;
    what --write-clean leaves out counts as mended. docs/datasets.md says what the figures mean.
    """
    from ntf.audit import audit_manifest, state_failures, write_audit
    from ntf.errors import NtfError
    from ntf.manifest import write_without

    try:
        audit = audit_manifest(manifest_path, threads)
        if json_path:
            write_audit(audit, json_path)
        click.echo(in_markdown(audit))
        failures = audit.failures
        if clean_path:
            left = write_without(manifest_path, audit.dropped, clean_path)
            click.echo(f"Wrote {clean_path}: {left} rows, {len(audit.dropped)} left out.\n")
            failures = state_failures(audit.judgements, 0, 0, ())
    except (NtfError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if failures:
        raise click.ClickException(" ".join(failures))
    click.echo("Passes.")


def in_markdown(audit: "Audit") -> str:
    """The report, for a terminal and for the model card."""
    return "\n".join(
        [
            f"# Audit of {audit.images} images (manifest {audit.manifest_sha256[:12]})",
            "",
            "| split | view | how | images | AUC (95 %) | |",
            "|---|---|---|---|---|---|",
            *_judgement_lines(audit),
            "",
            *(
                f"- `{split}` has too few images of a class to be judged."
                for split in audit.not_judged
            ),
            *_seen_lines(audit),
            f"- Near-copies across splits: {len(audit.copies)} pairs.",
            *_list_some(
                f"{copy.first} and {copy.second} ({copy.distance_bits} of 256 bits differ)"
                for copy in audit.copies
            ),
            f"- Unreadable: {len(audit.unreadable)}.",
            *_list_some(audit.unreadable),
            "",
        ]
    )


def _judgement_lines(audit: "Audit") -> list[str]:
    from ntf.audit import GIVEN

    def verdict(view: str, *, fails: bool) -> str:
        if view != GIVEN:
            return "reported"
        return "**fails**" if fails else "passes"

    return [
        f"| {one.split} | {one.view} | {one.how} | {one.images} "
        f"| {one.auc:.2f} ({one.low:.2f} to {one.high:.2f}) "
        f"| {verdict(one.view, fails=one.fails)} |"
        for one in sorted(audit.judgements, key=lambda one: (one.split, one.view, one.how))
    ]


def _seen_lines(audit: "Audit") -> list[str]:
    return [
        f"- `{split}`, {what} that are in `train` too: {', '.join(classes[label]) or 'none'}."
        for split, classes in audit.seen.items()
        for label, what in (("ai", "generators"), ("real", "sources of real images"))
    ]


def _list_some(lines: Iterable[str]) -> list[str]:
    """The first lines, indented, and how many there are besides."""
    listed = [f"  - {line}" for line in lines]
    rest = len(listed) - LISTED
    return listed[:LISTED] + ([f"  - and {rest} more: see --json"] if rest > 0 else [])
