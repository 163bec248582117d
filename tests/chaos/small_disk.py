"""The image folder on a small file system of its own, which can be full. Needs root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 2**20
# What one check leaves behind is less than half of it.
BYTES_FOR_CHECK, SPARE_BYTES = 64 * 1024, 16 * MIB
BALLAST = "ballast"


class SmallDisk:
    """A mounted file system of a few megabytes.

    Attributes:
        folder: where it is mounted.
        size_bytes: what it holds.
    """

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self.folder = folder
        self.size_bytes = size_bytes

    def fill(self) -> None:
        """Leave no room, however much is freed meanwhile by others: call it again for that."""
        with (self.folder / BALLAST).open("ab") as ballast:
            while free := self.free_bytes():
                try:
                    os.posix_fallocate(ballast.fileno(), ballast.seek(0, os.SEEK_END), free)
                except OSError:  # someone else was faster with a part of it
                    continue

    def free_bytes(self) -> int:
        """What could still be written."""
        about = os.statvfs(self.folder)
        return about.f_bavail * about.f_frsize

    def make_room(self) -> None:
        """Take the ballast away."""
        (self.folder / BALLAST).unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, checks: int) -> Iterator[SmallDisk | None]:
    """Mount one with room for so many checks; None where that is not allowed."""
    size_bytes = SPARE_BYTES + checks * BYTES_FOR_CHECK
    folder.mkdir()
    options = f"size={size_bytes},mode=0755"
    mounting = ["mount", "-t", "tmpfs", "-o", options, "ntf-chaos", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode:
        yield None
        return
    try:
        yield SmallDisk(folder, size_bytes)
    finally:
        # Lazily: a process that is just ending may still have a file open.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
