"""`ntf twins`: aligned twins of the real images that training sees."""

from pathlib import Path

import click

from cli.options import manifest_option

FITTED_ON = 1000


@click.command()
@manifest_option
@click.option("--out", "folder", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--family", "chosen", multiple=True, help="Only these; may be given several times.")
@click.option(
    "--decoders",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder with the autoencoders' files; by default `decoders` beside the manifest.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    help="At most so many photographs a family, other ones for each; by default all.",
)
@click.option("--threads", default=2, show_default=True)
def command(
    *,
    manifest_path: Path,
    folder: Path,
    chosen: tuple[str, ...],
    decoders: Path | None,
    most: int | None,
    threads: int,
) -> None:
    """Make the twins of split `train`. What is there already stays; it can be stopped at any time.

    Families `taef2` and `vaelight` are autoencoders of diffusion models and need their files.
    `upconv_photo`, `cunet*`, `realesrgan_*` and `realcugan_*` enlarge or clean, by weights that
    come with packages. The others are small decoders that are fitted to the photographs
    themselves, minutes each.
    """
    import torch

    from ntf.batches import load_pixels
    from ntf.datasets.shards import decode_image
    from ntf.errors import NtfError
    from ntf.manifest import HARD, read_manifest
    from ntf.twins.families import FAMILIES, open_family
    from ntf.twins.fitted import CROP_PX
    from ntf.twins.make import draw_items, make_twins

    torch.set_num_threads(threads)
    if unknown := set(chosen) - set(FAMILIES):
        raise click.BadParameter(f"{sorted(unknown)} is none of {', '.join(FAMILIES)}")
    try:
        items = [
            item
            for item in read_manifest(manifest_path)
            if item.split == "train" and not item.is_ai
        ]
        photographs = [item for item in items if item.family != HARD]
        few = photographs[:: max(1, len(photographs) // FITTED_ON)]
        for family in chosen or FAMILIES:
            maker = open_family(
                family,
                decoders or manifest_path.parent / "decoders",
                folder / "fitted",
                lambda: [
                    pixels
                    for pixels in load_pixels(few, decode_image)
                    if min(pixels.shape[:2]) >= CROP_PX
                ],
            )
            drawn = draw_items(items, family, most)
            count = make_twins(drawn, family, maker, folder, decode_image)
            click.echo(f"{family}: {count} made, {len(drawn)} in all")
    except NtfError as error:
        raise click.ClickException(str(error)) from error
