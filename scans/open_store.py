"""Opens the image store that the settings name: the folder, or a bucket.

Apart from both, so that boto3 is loaded only where a bucket is named.
"""

from importlib import import_module
from importlib.util import find_spec

import structlog

from scans.errors import ImageStoreRefused, ImageStoreUnavailable, SettingsInvalid
from scans.image_store import FolderStore, ImageStore
from scans.settings import Settings

NOWHERE = "0" * 64  # the hash of nothing that is kept

log = structlog.get_logger()


def open_image_store(settings: Settings) -> ImageStore:
    """Make the door; nothing is connected to before it is needed.

    Raises:
        SettingsInvalid: a bucket is named, and what it takes is not installed or not set right.
    """
    address = settings.s3_address
    if address is None:
        return FolderStore(settings.image_folder)
    if find_spec("boto3") is None:
        raise SettingsInvalid(
            "  NTF_IMAGE_STORE_URL: an object store needs boto3, which is not installed: "
            "pip install --no-deps -r requirements/s3.txt"
        )
    # By name: it is no part of the plain install.
    s3_store = import_module("scans.s3_store")
    try:
        store: ImageStore = s3_store.S3Store(address, settings.image_folder)
    except s3_store.BotoCoreError as error:
        raise SettingsInvalid(f"  NTF_IMAGE_STORE_URL: {error}") from error
    return store


def refuse_a_wrong_store(settings: Settings) -> None:
    """Ask an object store once, at the start of a process, by a door of its own.

    One that does not answer is no reason not to start: it may be back before it is needed.

    Raises:
        SettingsInvalid: it answers no.
    """
    if settings.s3_address is None:
        return
    try:
        open_image_store(settings).has("bytes", NOWHERE)
    except ImageStoreRefused as error:
        raise SettingsInvalid(
            f"  NTF_IMAGE_STORE_URL: the store refuses to look for an object ({error.__cause__}). "
            "Look at bucket, endpoint, keys, and whether they may read and list the bucket."
        ) from error
    except ImageStoreUnavailable:
        log.warning("image_store_away_at_start")
