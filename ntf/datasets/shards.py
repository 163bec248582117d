"""Images inside plain tar files (webdataset's shards), read where they lie: nothing is unpacked.

A manifest names such an image `folder/0001.tar#path/in/the/tar.jpg`. Tar is not compressed, so a
member is a run of bytes at a known place; where each one starts is read once for each process.
"""

import io
import os
import posixpath
import tarfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ntf.errors import ShardInvalid

SUFFIX = ".tar"
MARK = f"{SUFFIX}#"
# For each thread; far below the usual limit of 1,024 open files for a process.
MAX_OPEN_SHARDS = 32


class Extent(NamedTuple):
    """Where a member's bytes lie in its shard."""

    offset: int
    size: int


def open_image_bytes(path: Path) -> bytes:
    """The encoded bytes of a manifest's image, a file or a shard's member.

    Raises:
        ShardInvalid: the shard is no plain tar, was cut short, or has no such member.
        OSError: there is no such file.
    """
    shard, member = split_address(path)
    if member is None:
        return path.read_bytes()
    extent = index_members(shard).get(member)
    if extent is None:
        raise ShardInvalid(f"{shard} has no member {member}. Run `ntf manifest` again.")
    data = os.pread(_opened.descriptor_of(shard), extent.size, extent.offset)
    if len(data) < extent.size:
        raise ShardInvalid(f"{shard} was cut short: it ends inside {member}. Fetch it again.")
    return data


def decode_image(path: Path) -> NDArray[np.uint8]:
    """RGB pixels [H, W, 3] of a manifest's image that we trust, a file or a shard's member.

    Raises:
        ShardInvalid, OSError: as `open_image_bytes`; Pillow's errors are `OSError` too.
    """
    with Image.open(io.BytesIO(open_image_bytes(path))) as image:
        return np.asarray(image.convert("RGB"))


def split_address(path: Path) -> tuple[Path, str | None]:
    """The shard and the member's name in it; of a plain file, the file and None."""
    shard, mark, member = str(path).partition(MARK)
    if not mark:
        return path, None
    return Path(shard + SUFFIX), posixpath.normpath(member)


@cache
def index_members(shard: Path) -> Mapping[str, Extent]:
    """Where each regular member lies, by its name without a leading `./`.

    Raises:
        ShardInvalid: it is no plain tar, or ends inside a member.
        OSError: there is no such file.
    """
    try:
        with tarfile.open(shard, "r:") as tar:
            return {
                posixpath.normpath(entry.name): Extent(entry.offset_data, entry.size)
                for entry in tar
                if entry.isreg() and not entry.issparse()
            }
    except tarfile.TarError as error:
        raise ShardInvalid(
            f"{shard} is no whole, plain tar ({error}). Compressed shards cannot be read from the "
            "middle: decompress them (gunzip, unzstd), or fetch the file again."
        ) from error


class _Descriptor:
    """An open file that closes when nobody holds it, so also when its thread ends."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        if hasattr(self, "number"):
            os.close(self.number)


class _OpenShards(threading.local):
    """The shards that this thread has open, the latest last.

    Each thread has its own, so that none closes what another is reading. Reads name their offset
    (`pread`), so a process that was forked off shares no position with its parent.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[Path, _Descriptor] = OrderedDict()

    def descriptor_of(self, shard: Path) -> int:
        held = self._held.pop(shard, None) or _Descriptor(shard)
        self._held[shard] = held
        if len(self._held) > MAX_OPEN_SHARDS:
            self._held.popitem(last=False)
        return held.number


_opened = _OpenShards()
