"""`ntf features`: what retraining on a plain install learns from and is judged by, in one file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import manifest_option

if TYPE_CHECKING:
    from ntf.feature_parts import Chosen
    from ntf.feature_set import FeatureSet
    from ntf.features import FeatureReader

AT_ONCE = 8


@click.command()
@manifest_option
@click.option("--model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replay", default=200, show_default=True, help="Images of each class.")
@click.option("--calibration", default=240, show_default=True, help="Photographs.")
@click.option("--holdout", default=300, show_default=True, help="Photographs.")
@click.option("--generators", default=6, show_default=True, help="Held out, the largest first.")
@click.option("--threads", default=2, show_default=True)
def command(
    *,
    manifest_path: Path,
    model: Path | None,
    out: Path | None,
    replay: int,
    calibration: int,
    holdout: int,
    generators: int,
    threads: int,
) -> None:
    """Write the features of replay, calibration and hold-out: images of the split `train` alone.

    They belong to one encoder, and stand beside its weights: `features.npz`.
    """
    from ntf.errors import NtfError
    from ntf.feature_parts import PartSizes, choose_parts
    from ntf.feature_set import FILE, save_features
    from ntf.features import FeatureReader
    from ntf.manifest import read_manifest
    from ntf.predictor import SHIPPED

    folder = model or SHIPPED
    sizes = PartSizes(
        replay=replay,
        calibration=calibration,
        holdout_reals=holdout,
        holdout_generators=generators,
    )
    try:
        chosen = choose_parts(read_manifest(manifest_path), sizes)
        if not chosen:
            raise click.ClickException(f"{manifest_path} has no images in the split `train`.")
        features = read_all(chosen, FeatureReader(folder, threads=threads))
    except NtfError as error:
        raise click.ClickException(str(error)) from error
    path = out or folder / FILE
    save_features(features, path)
    click.echo(f"Wrote {path}: {len(features)} images, {path.stat().st_size / 1e6:.1f} MB")


def read_all(chosen: list["Chosen"], reader: "FeatureReader") -> "FeatureSet":
    """The features of the chosen images, a few images at once."""
    from images.perceptual_hash import MIN_QUALITY, pdq_hash
    from ntf.datasets.shards import decode_image
    from ntf.feature_set import Described, FeatureSet

    described, features = [], []
    with click.progressbar(length=len(chosen), label="Looking at images") as bar:
        for first in range(0, len(chosen), AT_ONCE):
            some = chosen[first : first + AT_ONCE]
            originals = [decode_image(one.item.path) for one in some]
            shown = [one.stratum.apply(image) for one, image in zip(some, originals, strict=True)]
            features += reader.read(shown)
            for one, original in zip(some, originals, strict=True):
                pdq, quality = pdq_hash(original)
                item = one.item
                described.append(
                    Described(
                        one.part,
                        item.is_ai,
                        item.source,
                        item.family,
                        one.stratum.name,
                        pdq if quality >= MIN_QUALITY else "",
                    )
                )
            bar.update(len(some))
    return FeatureSet.of(described, features)
