"""Options that several commands share."""

from pathlib import Path

import click


class ManifestPath(click.ParamType[Path]):
    """A manifest, named by its file or by the folder that has `manifest.tsv`."""

    name = "manifest"

    def convert(
        self,
        value: str | Path,
        param: click.Parameter | None,  # noqa: ARG002
        ctx: click.Context | None,  # noqa: ARG002
    ) -> Path:
        """The manifest's file; that it is there is checked by who reads it."""
        path = Path(value)
        return path / "manifest.tsv" if path.is_dir() else path


manifest_option = click.option(
    "--manifest",
    "manifest_path",
    envvar="NTF_DATA",
    required=True,
    type=ManifestPath(),
    metavar="FILE|DIR",
    help="manifest.tsv, or its folder  [NTF_DATA]",
)
manifest_argument = click.argument(
    "manifest_path",
    envvar="NTF_DATA",
    required=True,
    type=ManifestPath(),
    metavar="MANIFEST",
)
