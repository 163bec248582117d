"""Where image bytes, decoded pixels and heatmaps are kept, by default a folder. Names are hashes.

Bytes stay as they came (their metadata is evidence). Decoded pixels are kept only between the
decoder and the detector, as raw arrays that the detector maps into memory. Fetching workers, which
open strangers' files, lay bytes down among `incoming`; another takes them in. The other place is an
object store (`scans/s3_store.py`).
"""

import errno
import hashlib
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from scans.errors import ImageNotStored, ImageStoreFull

# No room on the device, or none left of the user's share of it.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
# More than the heatmaps of a batch take.
ROOM_BYTES = 2**20
Kind = Literal["bytes", "incoming", "pixels", "heatmaps"]


class ImageStore(ABC):
    """Whole files by kind and name, in a folder or in an object store. Safe for many processes.

    Where the place is another machine's, each method may raise `ImageStoreUnavailable`: nothing was
    kept or removed for certain, and the same call may succeed later.
    """

    @abstractmethod
    def save(self, kind: Kind, name: str, content: bytes) -> None:
        """Keep `content` under `name`. Saving the same name twice keeps one of them, whole.

        Raises:
            ImageStoreFull: there is no room for it; nothing is kept.
        """

    @abstractmethod
    def open_new(self, kind: Kind, name: str) -> AbstractContextManager[BinaryIO]:
        """A file to write to; it appears under `name` when the block ends without an error.

        Raises:
            ImageStoreFull: as for `save`.
        """

    def ensure_room(self, byte_count: int = ROOM_BYTES) -> None:  # noqa: B027  # a bucket has no end
        """Make sure, before long work, that its result could be kept; others may take the room.

        Raises:
            ImageStoreFull: it could not.
        """

    @abstractmethod
    def read(self, kind: Kind, name: str) -> bytes:
        """The bytes under `name`.

        Raises:
            ImageNotStored: there are none (removed by retention, or never written).
        """

    @abstractmethod
    def open_file(self, kind: Kind, name: str) -> BinaryIO:
        """What is kept under `name` as a file of this machine, for a reader that maps it.

        What was mapped of it stays so when the file is closed, or forgotten.

        Raises:
            ImageNotStored: there is none.
        """

    @abstractmethod
    def has(self, kind: Kind, name: str) -> bool:
        """Whether anything is kept under `name`."""

    @abstractmethod
    def forget(self, kind: Kind, name: str) -> None:
        """Remove what is kept under `name`, if anything is. Afterwards the bytes are gone."""

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

        A copy of what was read and hashed, since a captured worker may still hold the file open, or
        write it again. Where there is nothing to take
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


class FolderStore(ImageStore):
    """A folder with one sub-folder for each kind. Writes are atomic."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, kind: Kind, name: str, content: bytes) -> None:
        """See `ImageStore.save`."""
        with self.open_new(kind, name) as file:
            file.write(content)

    @contextmanager
    def open_new(self, kind: Kind, name: str) -> Iterator[BinaryIO]:
        """See `ImageStore.open_new`."""
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
        """See `ImageStore.ensure_room`."""
        folder = self._folder / "heatmaps"
        with told_when_full():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                os.posix_fallocate(file.fileno(), 0, byte_count)

    def read(self, kind: Kind, name: str) -> bytes:
        """See `ImageStore.read`."""
        with self.open_file(kind, name) as file:
            return file.read()

    def open_file(self, kind: Kind, name: str) -> BinaryIO:
        """See `ImageStore.open_file`: the kept file itself."""
        try:
            return self._path(kind, name).open("rb")
        except FileNotFoundError as error:
            raise ImageNotStored(f"no {kind} are kept under {name}") from error

    def has(self, kind: Kind, name: str) -> bool:
        """See `ImageStore.has`."""
        return self._path(kind, name).is_file()

    def forget(self, kind: Kind, name: str) -> None:
        """See `ImageStore.forget`."""
        self._path(kind, name).unlink(missing_ok=True)

    def _path(self, kind: Kind, name: str) -> Path:
        return self._folder / place_of(kind, name)


def place_of(kind: Kind, name: str) -> str:
    """Where a file lies below the folder, or below an object store's prefix: the same for both.

    Raises:
        ValueError: names are hashes and version words of our own making; this is another.
    """
    if not name or not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-._"):
        raise ValueError(f"not a name for the image store: {name!r}")
    return f"{kind}/{name[:2]}/{name}"


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
