"""Crops of full-size photographs join a manifest, and only those that are for training."""

from pathlib import Path

from PIL import Image

from benchmarks.package_crops import CROPS_EACH, SIDE_PX, crop_photographs
from ntf.manifest import read_manifest
from tests.pictures import as_jpeg, noise

HEADER = "file\tsplit\tlabel\tsource\tfamily\tencoded_quality"


def make_manifest(folder: Path, rows: dict[str, str], width: int) -> Path:
    folder.mkdir()
    for seed, name in enumerate(rows):
        (folder / name).write_bytes(as_jpeg(noise(seed, width, width)))
    manifest = folder / "manifest.tsv"
    manifest.write_text(
        "\n".join([HEADER, *(f"{name}\t{row}" for name, row in rows.items())]), encoding="utf-8"
    )
    return manifest


def test_training_photographs_become_crops_and_reported_ones_do_not(tmp_path: Path) -> None:
    photographs = make_manifest(
        tmp_path / "full",
        {"a.jpg": "train\treal\tpackage_a\treal\t", "b.jpg": "test\treal\tpackage_b\treal\t"},
        600,
    )
    kit = make_manifest(
        tmp_path / "kit",
        {"c.jpg": "train\treal\tstreets\treal\t70", "d.jpg": "train\tai\tsd\tdiffusion\t95"},
        64,
    )

    assert crop_photographs(photographs, kit, tmp_path / "out") == CROPS_EACH

    items = read_manifest(tmp_path / "out" / "manifest.tsv")
    assert sorted(item.source for item in items) == ["package_a"] * CROPS_EACH + ["sd", "streets"]
    assert all(item.path.is_file() for item in items)
    with Image.open(next(item.path for item in items if item.source == "package_a")) as made:
        assert made.size == (SIDE_PX, SIDE_PX)
        # Quality 70 of the real image, never 95 of the AI-made one: the table's first entry.
        assert made.quantization[0][0] == 10


def test_a_photograph_smaller_than_a_crop_is_left_out(tmp_path: Path) -> None:
    photographs = make_manifest(tmp_path / "full", {"a.jpg": "train\treal\tpackage_a\treal\t"}, 200)
    kit = make_manifest(tmp_path / "kit", {"c.jpg": "train\treal\tstreets\treal\t70"}, 64)

    assert crop_photographs(photographs, kit, tmp_path / "out") == 0
