"""Where image bytes, decoded pixels and heatmaps are kept: a folder. Names are hashes.

Bytes stay as they came (their metadata is evidence). Decoded pixels are kept only between the
decoder and the detector, as raw arrays that the detector maps into memory. Fetching workers, which
open strangers' files, lay bytes down among `incoming`; another takes them in.
"""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from scans.errors import ImageNotStored, ImageStoreFull

# No room on the device, or none left of the user's share of it.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
# More than the heatmaps of a batch take.
ROOM_BYTES = 2**20
Kind = Literal["bytes", "incoming", "pixels", "heatmaps"]


class ImageStore:
    """A folder with one sub-folder for each kind. Safe for many processes: writes are atomic."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, kind: Kind, name: str, content: bytes) -> None:
        """Keep `content` under `name`. Saving the same name twice keeps one of them, whole.

        Raises:
            ImageStoreFull: there is no room for it; nothing is kept.
        """
        with self.open_new(kind, name) as file:
            file.write(content)

    @contextmanager
    def open_new(self, kind: Kind, name: str) -> Iterator[BinaryIO]:
        """A file to write to; it appears under `name` when the block ends without an error.

        Raises:
            ImageStoreFull: as for `save`.
        """
        path = self._path(kind, name)
        with told_when_full():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    yield file
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise

    def ensure_room(self, byte_count: int = ROOM_BYTES) -> None:
        """Make sure, before long work, that its result could be kept; others may take the room.

        Raises:
            ImageStoreFull: it could not.
        """
        folder = self._folder / "heatmaps"
        with told_when_full():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                os.posix_fallocate(file.fileno(), 0, byte_count)

    def read(self, kind: Kind, name: str) -> bytes:
        """The bytes under `name`.

        Raises:
            ImageNotStored: there are none (removed by retention, or never written).
        """
        try:
            return self._path(kind, name).read_bytes()
        except FileNotFoundError as error:
            raise ImageNotStored(f"no {kind} are kept under {name}") from error

    def read_either(self, sha256: str) -> bytes:
        """An image's bytes, be they taken in already or not.

        Raises:
            ImageNotStored: there are none.
        """
        try:
            return self.read("bytes", sha256)
        except ImageNotStored:
            return self.read("incoming", sha256)

    def take_in(self, sha256: str) -> None:
        """Copy what a fetching worker laid down to `bytes`, if it is what its name says.

        A copy, since a captured worker may still hold the file open. Where there is nothing to take
        in, nothing happens.

        Raises:
            ImageNotStored: other bytes lie under that name.
        """
        if not self.has("bytes", sha256):
            try:
                content = self.read("incoming", sha256)
            except ImageNotStored:
                return  # it was an upload; or another worker was faster
            if hashlib.sha256(content).hexdigest() != sha256:
                self.forget("incoming", sha256)
                raise ImageNotStored(f"what was brought under {sha256} is something else")
            self.save("bytes", sha256, content)
        self.forget("incoming", sha256)

    def has(self, kind: Kind, name: str) -> bool:
        """Whether anything is kept under `name`."""
        return self._path(kind, name).is_file()

    def path_of(self, kind: Kind, name: str) -> Path:
        """The file under `name`, for a reader that maps it into memory.

        Raises:
            ImageNotStored: there is none.
        """
        path = self._path(kind, name)
        if not path.is_file():
            raise ImageNotStored(f"no {kind} are kept under {name}")
        return path

    def forget(self, kind: Kind, name: str) -> None:
        """Remove what is kept under `name`, if anything is."""
        self._path(kind, name).unlink(missing_ok=True)

    def _path(self, kind: Kind, name: str) -> Path:
        # Names are hashes and version words of our own making; anything else is a mistake of ours.
        if not name or not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-._"):
            raise ValueError(f"not a name for the image store: {name!r}")
        return self._folder / kind / name[:2] / name


@contextmanager
def told_when_full() -> Iterator[None]:
    """Tell a lack of room from all other errors.

    Raises:
        ImageStoreFull: the block met it.
    """
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise ImageStoreFull("There is no room left in the image folder.") from error
        raise


def heatmap_name(pixels_sha256: str, model_version: str) -> str:
    """The name of the heatmap that one model drew over one array of pixels."""
    return f"{pixels_sha256}.{model_version}.png"
