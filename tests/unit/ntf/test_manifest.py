"""The list of images, and the calibration part that no source crosses."""

from pathlib import Path

import pytest

from ntf.errors import ManifestInvalid
from ntf.manifest import (
    MAX_CALIBRATION_GENERATOR,
    Item,
    name_in_manifest,
    read_manifest,
    split_off_calibration,
    write_without,
)


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


def made_items(sources: int, images: int) -> list[Item]:
    """Photographs and AI-made images, `images` from each of `sources` sources of each class."""
    return [
        Item(Path(f"{is_ai}-{n}-{i}"), "train", is_ai, f"source {n}", "any")
        for is_ai in (False, True)
        for n in range(sources)
        for i in range(images)
    ]


def test_no_source_is_in_both_parts() -> None:
    items = made_items(60, 5)
    training, calibration = split_off_calibration(items)
    assert len(training) + len(calibration) == len(items)
    kept, held = ({(item.source, item.is_ai) for item in part} for part in (training, calibration))
    assert not kept & held
    for is_ai, share in ((False, 0.4), (True, 0.3)):
        assert sum(which == is_ai for _, which in held) / 60 == pytest.approx(share, abs=0.15)
    assert split_off_calibration(items) == (training, calibration)


def test_large_generators_stay_in_training() -> None:
    _, calibration = split_off_calibration(made_items(40, MAX_CALIBRATION_GENERATOR + 1))
    assert {item.is_ai for item in calibration} == {False}


def test_a_new_source_moves_no_other() -> None:
    items = made_items(30, 3)
    _, before = split_off_calibration(items)
    _, after = split_off_calibration([*items, Item(Path("new"), "train", False, "new", "real")])
    assert before == [item for item in after if item.source != "new"]


def test_rows_can_be_left_out_and_all_columns_stay(tmp_path: Path) -> None:
    path = tmp_path / "manifest.tsv"
    head = "file\tsplit\tlabel\tsource\tfamily\tlicence\n"
    rows = [f"{name}\ttrain\tai\tsd15\tdiffusion\tMIT\n" for name in ("a.jpg", "b//c.jpg", "d.jpg")]
    path.write_text(head + "".join(rows))
    names = [name_in_manifest(item, path) for item in read_manifest(path)]
    assert names == ["a.jpg", "b/c.jpg", "d.jpg"]
    assert write_without(path, names[1:2], tmp_path / "clean.tsv") == 2
    assert (tmp_path / "clean.tsv").read_text() == head + rows[0] + rows[2]
    elsewhere = tmp_path / "elsewhere" / "clean.tsv"
    elsewhere.parent.mkdir()
    assert write_without(path, names[:2], elsewhere) == 1
    assert [item.path for item in read_manifest(elsewhere)] == [tmp_path / "d.jpg"]
