"""Crops of full-size photographs for training, cut and encoded as a manifest's own photographs are.

python -m benchmarks.package_crops PHOTOGRAPHS MANIFEST OUT: takes the training half of what
`benchmarks.package_photographs` brought, and writes OUT/manifest.tsv: MANIFEST's rows, then one for
each crop. Only real images are added, so no file says anything about its class that others do not.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from ntf.datasets.shards import decode_image
from ntf.manifest import COLUMNS

SIDE_PX = 256
CROPS_EACH = 7
# Half of the photographs' crops come from a copy of a web page's size, as many of the kit's do.
SHRUNK_SHARE = 0.5
WEB_SHORT_SIDES_PX = (480, 1080)


def crop_photographs(photographs: Path, manifest: Path, out: Path, seed: int = 1) -> int:
    """Write the crops and the joined manifest; says how many crops there are.

    Each crop gets a JPEG quality of one of the manifest's real images of `train`.
    """
    rng = np.random.default_rng(seed)
    rows = _rows(manifest)
    qualities = [
        int(row["encoded_quality"])
        for row in rows
        if (row["split"], row["label"]) == ("train", "real") and row.get("encoded_quality")
    ]
    (out / "crops").mkdir(parents=True, exist_ok=True)
    crops = []
    for row in _rows(photographs):
        if row["split"] != "train":
            continue
        for number, crop in enumerate(_crops(Path(row["file"]), rng)):
            path = out / "crops" / f"{Path(row['file']).stem}-{number}.jpg"
            crop.save(path, quality=int(rng.choice(qualities)))
            size = {"width": str(SIDE_PX), "height": str(SIDE_PX)}
            crops.append({**row, "file": str(path.resolve()), **size})
    with (out / "manifest.tsv").open("w", newline="", encoding="utf-8") as file:
        columns = list(dict.fromkeys((*COLUMNS, *rows[0])))
        writer = csv.DictWriter(file, columns, delimiter="\t", restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows([*rows, *crops])
    return len(crops)


def _crops(path: Path, rng: np.random.Generator) -> list[Image.Image]:
    """Windows of a photograph as it is, or of a smaller copy."""
    image = Image.fromarray(decode_image(path))
    short = min(image.size)
    if rng.random() < SHRUNK_SHARE and short > WEB_SHORT_SIDES_PX[0]:
        factor = min(1.0, rng.integers(*WEB_SHORT_SIDES_PX) / short)
        image = image.resize(
            [round(side * factor) for side in image.size], Image.Resampling.LANCZOS
        )
    if min(image.size) < SIDE_PX:
        return []
    corners = [
        [int(rng.integers(side - SIDE_PX + 1)) for side in image.size] for _ in range(CROPS_EACH)
    ]
    return [image.crop((x, y, x + SIDE_PX, y + SIDE_PX)) for x, y in corners]


def _rows(manifest: Path) -> list[dict[str, str]]:
    """A manifest's rows, whose files another folder's manifest can name."""
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [{**row, "file": str((manifest.parent / row["file"]).resolve())} for row in rows]


if __name__ == "__main__":
    print(crop_photographs(*(Path(argument) for argument in sys.argv[1:4])), "crops")
