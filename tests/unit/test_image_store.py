"""The image store keeps whole files, and nothing outside its folder."""

import errno
import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scans.errors import ImageNotStored, ImageStoreFull
from scans.image_store import FolderStore, ImageStore
from scans.pixel_store import map_pixels, save_pixels
from tests.pictures import noise


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return FolderStore(tmp_path)


def test_gives_back_what_was_saved_until_it_is_forgotten(store: ImageStore) -> None:
    store.save("bytes", "ab12", b"one")
    store.save("bytes", "ab12", b"two")
    assert store.read("bytes", "ab12") == b"two"
    store.forget("bytes", "ab12")
    store.forget("bytes", "ab12")
    with pytest.raises(ImageNotStored):
        store.read("bytes", "ab12")


def test_what_was_brought_is_taken_in_once_and_never_replaces_what_is_kept(
    store: ImageStore, tmp_path: Path
) -> None:
    name = hashlib.sha256(b"one").hexdigest()
    store.take_in(name)  # an upload lies among the bytes already
    store.save("incoming", name, b"one")
    assert store.read_either(name) == b"one"
    store.take_in(name)
    assert store.read("bytes", name) == b"one"
    store.save("incoming", name, b"two")
    store.take_in(name)
    assert store.read_either(name) == b"one"
    assert [path.name for path in (tmp_path / "incoming").rglob("*") if path.is_file()] == []


def test_what_was_brought_under_a_wrong_name_is_not_taken_in(store: ImageStore) -> None:
    name = hashlib.sha256(b"one").hexdigest()
    store.save("incoming", name, b"two")
    with pytest.raises(ImageNotStored, match="something else"):
        store.take_in(name)
    with pytest.raises(ImageNotStored):
        store.read_either(name)


@pytest.mark.parametrize("array", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_an_array_that_is_no_picture_is_not_given_out(
    store: ImageStore, array: NDArray[np.generic]
) -> None:
    with store.open_new("pixels", "cd34") as file:
        np.lib.format.write_array(file, array)
    with pytest.raises(ImageNotStored):
        map_pixels(store, "cd34")


def test_an_interrupted_write_leaves_nothing(store: ImageStore, tmp_path: Path) -> None:
    def write_half() -> None:
        with store.open_new("bytes", "ab12") as file:
            file.write(b"half")
            raise RuntimeError("the machine goes away")

    with pytest.raises(RuntimeError):
        write_half()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a/b", "A" * 64, "ab\0"])
def test_no_name_leads_out_of_the_folder(store: ImageStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        store.save("bytes", name, b"x")


def test_pixels_are_mapped_as_they_were_saved(store: ImageStore) -> None:
    pixels = noise(1)
    save_pixels(store, "cd34", pixels)
    mapped = map_pixels(store, "cd34")
    assert isinstance(mapped, np.memmap)
    assert not mapped.flags.writeable
    assert np.array_equal(mapped, pixels)
    with pytest.raises(ImageNotStored):
        map_pixels(store, "ef56")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_lack_of_room_is_told_and_leaves_nothing_behind(
    store: ImageStore, tmp_path: Path, number: int
) -> None:
    with pytest.raises(ImageStoreFull), store.open_new("bytes", "ab12"):
        raise OSError(number, "as the kernel says it")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_other_faults_of_a_disk_are_not_taken_for_a_lack_of_room(store: ImageStore) -> None:
    with pytest.raises(PermissionError), store.open_new("bytes", "ab12"):
        raise PermissionError(errno.EACCES, "not yours")
