"""Requests to a running service, and the pictures that are in them."""

import http.client
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

BOUNDARY = "ntf-load"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, and the statuses that are a right answer to it.

    Attributes:
        kind: what sort of traffic it is, for the tables.
    """

    method: str
    path: str
    body: bytes | None
    expected: tuple[int, ...]
    kind: str = ""
    media_type: str = f"multipart/form-data; boundary={BOUNDARY}"


class Caller:
    """Sends requests to one service, each thread over a connection of its own."""

    def __init__(self, address: str, key: str) -> None:
        self._host = urlsplit(address).netloc
        self._headers = {"Authorization": f"Bearer {key}"}
        self._local = threading.local()

    def send(self, request: Request) -> tuple[int, bytes]:
        """The answer's status and body; status 0 where there was none.

        A connection that the server has closed since its last answer is opened again, once.
        """
        connection = getattr(self._local, "connection", None)
        if connection is not None and (answer := self._try(connection, request)) is not None:
            return answer
        connection = self._local.connection = http.client.HTTPConnection(self._host, timeout=30)
        return self._try(connection, request) or (0, b"")

    def _try(
        self, connection: http.client.HTTPConnection, request: Request
    ) -> tuple[int, bytes] | None:
        headers = self._headers | {"Content-Type": request.media_type}
        try:
            connection.request(request.method, request.path, request.body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return None


def look_up(picture: bytes, kind: str = "look-up by hash") -> Request:
    """By the hash of the bytes."""
    path = f"/v1/verdicts?sha256={sha256(picture).hexdigest()}"
    return Request("GET", path, None, (200,), kind)


def upload(
    picture: bytes, expected: tuple[int, ...], kind: str = "upload", *, wait_seconds: int = 0
) -> Request:
    """The bytes, as a form."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()
    path = f"/v1/checks?wait={wait_seconds}" if wait_seconds else "/v1/checks"
    return Request("POST", path, body, expected, kind)


def make_pictures(seed: int, width: int = 160, height: int = 128) -> Iterator[bytes]:
    """JPEG files of soft noise, each of its own."""
    rng = np.random.default_rng(seed)
    while True:
        rough = rng.integers(0, 255, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
        soft = Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC)
        grain = rng.integers(-8, 9, (height, width, 3), dtype=np.int16)
        pixels = np.clip(np.asarray(soft, np.int16) + grain, 0, 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=90)
        yield file.getvalue()
