"""A manifest of a folder, and what is left out of it."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from ntf.datasets.build import build_manifest, write_manifest
from ntf.datasets.shards import open_image_bytes
from ntf.errors import LayoutUnclear
from ntf.manifest import read_manifest
from tests.unit.ntf.datasets.made_sets import make_files, make_shard, picture


def test_unreadable_files_are_named_and_left_out(tmp_path: Path) -> None:
    make_files(tmp_path, ["real/a/1.jpg", "ai/b/2.jpg"])
    (tmp_path / "real/a/cut.jpg").write_bytes(picture()[:20])
    (tmp_path / "real/a/empty.png").write_bytes(b"")
    (tmp_path / "real/a/page.jpg").write_text("<html>")
    (tmp_path / "real/a/gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    built = build_manifest(tmp_path)
    assert [file for file, _ in built.rows] == ["ai/b/2.jpg", "real/a/1.jpg"]
    names = ("cut.jpg", "empty.png", "gone.jpg", "page.jpg")
    assert built.unreadable == [f"real/a/{name}" for name in names]


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/1.jpg").write_bytes(b"no image")
    with pytest.raises(LayoutUnclear, match=r"None of 1 images can be read, such as real/1\.jpg"):
        build_manifest(tmp_path)


def test_hidden_files_and_loops_of_links_are_passed_over(tmp_path: Path) -> None:
    make_files(tmp_path, ["real/a/1.jpg", "real/a/._1.jpg", "__MACOSX/real/a/1.jpg", ".git/2.jpg"])
    make_files(tmp_path.parent / "beside", ["3.jpg"])
    (tmp_path / "real/loop").symlink_to(tmp_path)
    (tmp_path / "ai").mkdir()
    (tmp_path / "ai/linked").symlink_to(tmp_path.parent / "beside")
    built = build_manifest(tmp_path)
    assert [file for file, _ in built.rows] == ["ai/linked/3.jpg", "real/a/1.jpg"]


def test_of_equal_files_the_measured_one_stays(tmp_path: Path) -> None:
    make_files(tmp_path, [f"{split}/real/a/1.jpg" for split in ("train", "val", "test")])
    same = (tmp_path / "test/real/a/1.jpg").read_bytes()
    for split in ("train", "val"):
        (tmp_path / f"{split}/real/a/2.jpg").write_bytes(same)
    built = build_manifest(tmp_path)
    assert built.repeated == [
        ("train/real/a/2.jpg", "test/real/a/1.jpg"),
        ("val/real/a/2.jpg", "test/real/a/1.jpg"),
    ]
    assert len(built.rows) == 3


def test_equal_files_of_both_classes_all_go(tmp_path: Path) -> None:
    make_files(tmp_path, ["real/a/1.jpg", "real/a/2.jpg", "ai/b/3.jpg"])
    (tmp_path / "ai/b/4.jpg").write_bytes((tmp_path / "real/a/1.jpg").read_bytes())
    built = build_manifest(tmp_path)
    assert built.contradicting == ["ai/b/4.jpg", "real/a/1.jpg"]
    assert [file for file, _ in built.rows] == ["ai/b/3.jpg", "real/a/2.jpg"]


def test_members_of_shards_become_rows_that_can_be_read(tmp_path: Path) -> None:
    images = {f"{name}/{n}.jpg": picture() for name in ("0_real", "1_fake") for n in range(2)}
    make_shard(tmp_path / "set/ddpm/0.tar", images | {"0_real/notes.txt": b"none"})
    out = tmp_path / "set/manifest.tsv"
    write_manifest(build_manifest(tmp_path / "set").rows, tmp_path / "set", out)
    items = read_manifest(out)
    assert [(item.is_ai, item.source, item.family) for item in items] == [
        (False, "paired_ddpm", "real"),
        (False, "paired_ddpm", "real"),
        (True, "ddpm", "diffusion"),
        (True, "ddpm", "diffusion"),
    ]
    assert [open_image_bytes(item.path) for item in items] == list(images.values())


@pytest.mark.parametrize("name", ["manifest.tsv", "../manifest.tsv", "../other/manifest.tsv"])
def test_rows_find_their_files_wherever_the_manifest_lies(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "set"
    (tmp_path / "other").mkdir()
    make_files(folder, ["real/a/tab\there.jpg", 'ai/b/"quoted".jpg'])
    out = folder / name
    write_manifest(build_manifest(folder).rows, folder, out)
    assert all(item.path.exists() for item in read_manifest(out))
    assert not list(tmp_path.rglob("*.part"))


def test_a_name_that_is_no_text_is_unreadable(tmp_path: Path) -> None:
    make_files(tmp_path, ["real/a/1.jpg"])
    name = os.fsencode(tmp_path / "real/a/") + b"\xff.jpg"
    try:
        with open(name, "wb") as file:  # noqa: PTH123 - a path of bytes
            file.write(picture())
    except OSError:
        pytest.skip("the file system takes no such names")
    assert len(build_manifest(tmp_path).unreadable) == 1


def test_the_command_writes_and_tells(tmp_path: Path) -> None:
    make_files(tmp_path, ["train/real/a/1.jpg", "train/ai/ddpm/2.jpg"])
    (tmp_path / "train/ai/ddpm/bad.jpg").write_bytes(b"no image")
    done = CliRunner().invoke(main, ["manifest", str(tmp_path)])
    assert done.exit_code == 0
    assert "| train | ai | 1 | 1 |" in done.stdout
    assert "1 that cannot be read: train/ai/ddpm/bad.jpg" in done.stderr
    assert len(read_manifest(tmp_path / "manifest.tsv")) == 2
    again = CliRunner().invoke(main, ["manifest", str(tmp_path)])
    assert again.exit_code == 1
    assert "--force" in again.stderr
    assert CliRunner().invoke(main, ["manifest", str(tmp_path), "--force"]).exit_code == 0
    refused = CliRunner().invoke(main, ["manifest", str(tmp_path / "nowhere")])
    assert refused.exit_code == 1
    assert "is no folder" in refused.stderr


def test_the_commands_layouts_are_those_that_are_read() -> None:
    from cli.manifest import LAYOUTS
    from ntf.datasets import layouts

    assert (layouts.AUTO, *layouts.LAYOUTS) == LAYOUTS
