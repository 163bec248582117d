"""Images in a bucket of any S3-compatible store, under the names that they have in a folder.

Whoever maps pixels maps a copy that is fetched for it and has no name on this machine. This module
alone knows boto3, which is no part of the plain install (`requirements/s3.txt`).
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from scans.errors import ImageNotStored, ImageStoreRefused, ImageStoreUnavailable
from scans.image_store import ImageStore, Kind, place_of
from scans.s3_address import S3Address

# Two tries together are shorter than PostgreSQL lets a transaction idle (`scans/database.py`), as a
# transaction may wait for the store: what is kept and the row that says so belong together.
CONNECT_SECONDS, READ_SECONDS, TRIES = 2.0, 6.0, 2
# Threads of one process that may ask at once; more wait for a connection of theirs.
CONNECTIONS = 32
AWAY = "The image store does not answer. Nothing was lost; try again in a few seconds."
REFUSED = "The image store refuses what the service asks. Nothing was lost; tell its operator."
# The server's own trouble, in spite of an answer.
TROUBLE = {408, 429}

log = structlog.get_logger()


class S3Store(ImageStore):
    """A bucket. An object appears whole or not at all, and is seen at once by all who ask."""

    def __init__(self, address: S3Address, folder: Path) -> None:
        """Make the door; nothing is connected to before it is needed.

        Args:
            folder: on a local disk; what is mapped lies there, without a name.

        Raises:
            BotoCoreError: AWS's own settings are wrong.
        """
        self._bucket, self._prefix = address.bucket, address.prefix
        self._folder = folder
        # Its own: the library's common session is not safe for threads, and keeps its keys.
        session = boto3.Session()
        # With no region anywhere: what stores that have none take, and Amazon's first.
        region = address.region or session.region_name or "us-east-1"
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            max_pool_connections=CONNECTIONS,
            # Newer checksums are not known everywhere; what matters has its hash in its name.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            # Other stores seldom have a host name for each bucket.
            s3={"addressing_style": "path"} if address.endpoint else None,
        )
        # Any: boto3 makes its clients out of a description as it runs.
        self._client: Any = session.client(
            "s3", endpoint_url=address.endpoint, region_name=region, config=config
        )

    def save(self, kind: Kind, name: str, content: bytes) -> None:
        """See `ImageStore.save`."""
        self._put(kind, name, content)

    @contextmanager
    def open_new(self, kind: Kind, name: str) -> Iterator[BinaryIO]:
        """See `ImageStore.open_new`: it is sent when the block ends."""
        with self._nameless_file() as file:
            yield file
            file.seek(0)
            self._put(kind, name, file)

    def read(self, kind: Kind, name: str) -> bytes:
        """See `ImageStore.read`."""
        with translated_errors("get_object", self._get_problem(kind, name)):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(kind, name))
            with answer["Body"] as body:
                content: bytes = body.read()
        return content

    def open_file(self, kind: Kind, name: str) -> BinaryIO:
        """See `ImageStore.open_file`: a copy, which goes when nobody uses it any more."""
        file = self._nameless_file()
        try:
            with translated_errors("get_object", self._get_problem(kind, name)):
                answer = self._client.get_object(Bucket=self._bucket, Key=self._key(kind, name))
                with answer["Body"] as body:
                    shutil.copyfileobj(body, file, 2**20)
            file.flush()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    def has(self, kind: Kind, name: str) -> bool:
        """See `ImageStore.has`.

        Asks for a first byte, not for the head: only then is a missing bucket told from a missing
        object, and a bucket that is gone must not look like images that were erased.
        """
        key = self._key(kind, name)
        try:
            with translated_errors("get_object", self._get_problem(kind, name)):
                try:
                    answer = self._client.get_object(
                        Bucket=self._bucket, Key=key, Range="bytes=0-0"
                    )
                except ClientError as error:
                    # An empty object is there, and has no first byte.
                    if error.response.get("Error", {}).get("Code") == "InvalidRange":
                        return True
                    raise
                with answer["Body"] as body:
                    body.read()
        except ImageNotStored:
            return False
        return True

    def forget(self, kind: Kind, name: str) -> None:
        """See `ImageStore.forget`: with all its versions, where the bucket keeps such."""
        key = self._key(kind, name)
        with translated_errors("delete_object"):
            answer = self._client.delete_object(Bucket=self._bucket, Key=key)
            # The bucket only hid it.
            if answer.get("DeleteMarker") or answer.get("VersionId"):
                for version in self._versions(key):
                    self._client.delete_object(Bucket=self._bucket, Key=key, VersionId=version)

    def _versions(self, key: str) -> list[str]:
        """All versions of one object, and the marks that hide it."""
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=key
        )
        return [
            line["VersionId"]
            for page in pages
            for line in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if line["Key"] == key
        ]

    def _put(self, kind: Kind, name: str, body: bytes | BinaryIO) -> None:
        with translated_errors("put_object"):
            self._client.put_object(Bucket=self._bucket, Key=self._key(kind, name), Body=body)

    def _nameless_file(self) -> BinaryIO:
        # Among the pixels, which every worker that needs one may write; it is on no list there, and
        # goes with its process.
        folder = self._folder / "pixels"
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder)

    def _key(self, kind: Kind, name: str) -> str:
        place = place_of(kind, name)
        return f"{self._prefix}/{place}" if self._prefix else place

    @staticmethod
    def _get_problem(kind: Kind, name: str) -> ImageNotStored:
        return ImageNotStored(f"no {kind} are kept under {name}")


@contextmanager
def translated_errors(operation: str, missing: ImageNotStored | None = None) -> Iterator[None]:
    """Let what the library raises be an error of ours.

    Args:
        missing: what it is when there is no such object.

    Raises:
        ImageStoreUnavailable: the store is away, or in trouble.
        ImageStoreRefused: it answers no.
    """
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if missing is not None and code == "NoSuchKey":
            raise missing from error
        log.warning("image_store_failed", operation=operation, code=code, status=status)
        if status >= 500 or status in TROUBLE:
            raise ImageStoreUnavailable(AWAY) from error
        raise ImageStoreRefused(REFUSED) from error
    except NoCredentialsError as error:
        log.warning("image_store_failed", operation=operation, code="NoCredentials")
        raise ImageStoreRefused(REFUSED) from error
    except BotoCoreError as error:
        log.warning("image_store_failed", operation=operation, code=type(error).__name__)
        raise ImageStoreUnavailable(AWAY) from error
