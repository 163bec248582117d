"""Images inside tar shards, read where they lie."""

import gc
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ntf.datasets import shards
from ntf.datasets.shards import decode_image, index_members, open_image_bytes
from ntf.errors import ShardInvalid
from tests.pictures import as_png, noise
from tests.unit.ntf.datasets.made_sets import make_shard


def test_files_and_members_give_their_own_bytes(tmp_path: Path) -> None:
    members = {"a.jpg": b"first", "./deep/b.jpg": b"second", "c #1.jpg": b"third", "empty": b""}
    make_shard(tmp_path / "0.tar", members)
    (tmp_path / "plain#1.jpg").write_bytes(b"plain")
    assert open_image_bytes(tmp_path / "plain#1.jpg") == b"plain"
    for name, data in members.items():
        assert open_image_bytes(tmp_path / f"0.tar#{name}") == data
    assert open_image_bytes(tmp_path / "0.tar#deep/b.jpg") == b"second"


def test_a_member_decodes_to_its_pixels(tmp_path: Path) -> None:
    pixels = noise(1)
    make_shard(tmp_path / "0.tar", {"a.png": as_png(pixels)})
    assert np.array_equal(decode_image(tmp_path / "0.tar#a.png"), pixels)


def test_long_names_of_every_tar_format(tmp_path: Path) -> None:
    name = "é" * 60 + "/" + "x" * 120 + ".jpg"
    for number, form in enumerate((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)):
        path = tmp_path / f"{number}.tar"
        with tarfile.open(path, "w", format=form) as tar:
            entry = tarfile.TarInfo(name)
            entry.size = 3
            (tmp_path / "x").write_bytes(b"abc")
            with (tmp_path / "x").open("rb") as file:
                tar.addfile(entry, file)
        assert open_image_bytes(Path(f"{path}#{name}")) == b"abc"


def test_many_threads_read_many_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MAX_OPEN_SHARDS", 2)
    wanted = {}
    for shard in range(6):
        members = {f"{n}.jpg": f"{shard}-{n}".encode() * 500 for n in range(20)}
        make_shard(tmp_path / f"{shard}.tar", members)
        wanted |= {tmp_path / f"{shard}.tar#{name}": data for name, data in members.items()}
    paths = list(wanted) * 5
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(open_image_bytes, paths)) == [wanted[path] for path in paths]


def test_files_are_closed_when_their_thread_ends(tmp_path: Path) -> None:
    make_shard(tmp_path / "0.tar", {"a.jpg": b"abc"})
    index_members(tmp_path / "0.tar")
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(open_image_bytes, [tmp_path / "0.tar#a.jpg"] * 4))
    gc.collect()
    assert len(list(Path("/dev/fd").iterdir())) <= before


def test_bad_shards_are_said(tmp_path: Path) -> None:
    make_shard(tmp_path / "0.tar", {"a.jpg": b"abc" * 5000})
    with pytest.raises(ShardInvalid, match="no member b"):
        open_image_bytes(tmp_path / "0.tar#b.jpg")
    make_shard(tmp_path / "gz.tar", {"a.jpg": b"abc"}, "w:gz")
    with pytest.raises(ShardInvalid, match="decompress"):
        open_image_bytes(tmp_path / "gz.tar#a.jpg")
    (tmp_path / "cut.tar").write_bytes((tmp_path / "0.tar").read_bytes()[:9000])
    with pytest.raises(ShardInvalid, match=r"cut short|no whole"):
        open_image_bytes(tmp_path / "cut.tar#a.jpg")
    with pytest.raises(FileNotFoundError):
        open_image_bytes(tmp_path / "nowhere.tar#a.jpg")
