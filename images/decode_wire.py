"""What goes over the socket between a decoder and who asks it: a short JSON head, then raw bytes.

No pickle: the decoder's side may be in an attacker's hands, so its word is read as a stranger's.
"""

import json
import socket
import struct
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LENGTH = struct.Struct("!I")
MAX_HEAD_BYTES = 131_072  # the longest list of claims has about 70,000


class LineBroken(Exception):
    """The other side is gone, or does not speak as agreed."""


class LineTimedOut(Exception):
    """The deadline has passed."""


class Line:
    """One side of the socket. Not safe for threads; `deadline` is on the monotonic clock."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.deadline: float | None = None

    def close(self) -> None:
        """End the line; the other side reads its end."""
        self._socket.close()

    def send(self, head: dict[str, Any], *bodies: bytes | memoryview) -> None:
        """Send a head and what follows it.

        Raises:
            LineBroken, LineTimedOut: it did not arrive whole.
        """
        encoded = json.dumps(head).encode()
        for part in (_LENGTH.pack(len(encoded)) + encoded, *bodies):
            self._send_all(memoryview(part).cast("B"))

    def receive_head(self) -> dict[str, Any]:
        """The next head.

        Raises:
            LineBroken, LineTimedOut: there is none, or it is none.
        """
        (length,) = _LENGTH.unpack(self.receive_bytes(_LENGTH.size))
        if length > MAX_HEAD_BYTES:
            raise LineBroken("the head is too long")
        try:
            head = json.loads(self.receive_bytes(length))
        except (ValueError, RecursionError) as error:
            raise LineBroken("the head is no JSON") from error
        if not isinstance(head, dict):
            raise LineBroken("the head is no object")
        return head

    def receive_bytes(self, count: int) -> bytes:
        """Exactly so many bytes.

        Raises:
            LineBroken, LineTimedOut: fewer came.
        """
        content = bytearray(count)
        self._receive_into(memoryview(content))
        return bytes(content)

    def receive_pixels(self, height: int, width: int) -> NDArray[np.uint8]:
        """An array [height, width, 3], written by the kernel where it stays; read-only.

        Raises:
            LineBroken, LineTimedOut: fewer came.
        """
        pixels = np.empty((height, width, 3), np.uint8)
        self._receive_into(pixels.data.cast("B"))
        pixels.flags.writeable = False
        return pixels

    def _send_all(self, left: memoryview) -> None:
        while left:
            try:
                left = left[self._wait().send(left) :]
            except TimeoutError as error:
                raise LineTimedOut from error
            except OSError as error:
                raise LineBroken(str(error)) from error

    def _receive_into(self, left: memoryview) -> None:
        while left:
            try:
                count = self._wait().recv_into(left)
            except TimeoutError as error:
                raise LineTimedOut from error
            except OSError as error:
                raise LineBroken(str(error)) from error
            if count == 0:
                raise LineBroken("the other side is gone")
            left = left[count:]

    def _wait(self) -> socket.socket:
        if self.deadline is not None:
            remaining = self.deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            self._socket.settimeout(remaining)
        return self._socket
