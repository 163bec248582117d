"""The list of images, and the calibration part that no source crosses."""

from pathlib import Path

import pytest

from ntf.errors import ManifestInvalid
from ntf.manifest import Item, read_manifest, split_off_calibration


def test_reads_rows_and_names_files_from_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "manifest.tsv"
    path.write_text("file\tsplit\tlabel\tsource\tfamily\na.jpg\ttrain\tai\tsd15\tdiffusion\n")
    assert read_manifest(path) == [Item(tmp_path / "a.jpg", "train", True, "sd15", "diffusion")]


@pytest.mark.parametrize("text", [None, "", "file\tsplit\na.jpg\ttrain\n"])
def test_says_what_is_missing(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "manifest.tsv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ManifestInvalid, match=r"NTF_DATA|has no column"):
        read_manifest(path)


def test_no_source_is_in_both_parts() -> None:
    items = [
        Item(Path(f"{n}-{i}"), "train", n % 2 == 0, f"source {n}", "any")
        for n in range(60)
        for i in range(5)
    ]
    training, calibration = split_off_calibration(items, 0.25)
    assert len(training) + len(calibration) == len(items)
    assert not {item.source for item in training} & {item.source for item in calibration}
    assert 0.1 < len(calibration) / len(items) < 0.45
    assert split_off_calibration(items, 0.25) == (training, calibration)
