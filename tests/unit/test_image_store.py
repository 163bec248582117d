"""The image store keeps whole files, and nothing outside its folder."""

from pathlib import Path

import numpy as np
import pytest

from scans.errors import ImageNotStored
from scans.image_store import ImageStore
from scans.pixel_store import map_pixels, save_pixels
from tests.pictures import noise


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path)


def test_gives_back_what_was_saved_until_it_is_forgotten(store: ImageStore) -> None:
    store.save("bytes", "ab12", b"one")
    store.save("bytes", "ab12", b"two")
    assert store.read("bytes", "ab12") == b"two"
    store.forget("bytes", "ab12")
    store.forget("bytes", "ab12")
    with pytest.raises(ImageNotStored):
        store.read("bytes", "ab12")


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
