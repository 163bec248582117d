"""Reads one HTTP answer under a byte budget and a deadline, at every single receive.

http.client and urllib3 read lines and chunks in loops of their own, in which a slow or endless host
could hold them; limits that sit under those loops hold whatever the loops do.
"""

import contextlib
import http.client
import io
import socket
import time
from dataclasses import dataclass, field

from images.deadline import Deadline
from images.errors import BadAnswer, FetchTimedOut, ImageError, TooManyBytes
from images.fetch_policy import FetchPolicy


@dataclass
class ReadMeter:
    """What one answer may still cost: bytes on the wire, and time."""

    policy: FetchPolicy
    deadline: Deadline
    wire_bytes_left: int = field(init=False)
    in_headers: bool = field(default=True, init=False)
    _window_bytes: int = field(default=0, init=False)
    _window_starts_at_seconds: float | None = field(default=None, init=False)
    # urllib3 loses an answer whose headers it dislikes; it is closed from here all the same.
    open_answers: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, init=False)

    def __post_init__(self) -> None:
        self.wire_bytes_left = self.policy.max_header_bytes + io.DEFAULT_BUFFER_SIZE

    def start_body(self) -> None:
        """Allow the body, and as much again for how it may be chunked (RFC 9112, 7.1)."""
        self.in_headers = False
        self.wire_bytes_left += 2 * self.policy.max_bytes

    def wait_seconds(self) -> float:
        """How long the next receive may take. Raises FetchTimedOut."""
        return self.deadline.cap_seconds(self.policy.read_timeout_seconds)

    def spend(self, received_bytes: int) -> None:
        """Count what came.

        Raises:
            BadAnswer, TooManyBytes: it was too much.
            FetchTimedOut: it was too little for the time that it took.
        """
        self.wire_bytes_left -= received_bytes
        if self.wire_bytes_left < 0:
            raise self._over_budget()
        self._check_rate(received_bytes)

    def _check_rate(self, received_bytes: int) -> None:
        """Measure window by window, so that a fast start pays for no slow rest.

        The clock starts with the first byte: a host may take its time to make an image, within the
        read timeout.
        """
        now = time.monotonic()
        if self._window_starts_at_seconds is None:
            self._window_starts_at_seconds = now
        self._window_bytes += received_bytes
        window_seconds = now - self._window_starts_at_seconds
        if window_seconds < self.policy.min_rate_window_seconds:
            return
        if self._window_bytes < self.policy.min_bytes_per_second * window_seconds:
            raise FetchTimedOut("The host sends the image too slowly. Try again later.")
        self._window_bytes, self._window_starts_at_seconds = 0, now

    def _over_budget(self) -> ImageError:
        if self.in_headers:
            return BadAnswer("The host sends more headers than any image needs.")
        return too_many_bytes(self.policy.max_bytes)


def too_many_bytes(max_bytes: int) -> TooManyBytes:
    """The one sentence for a file over the limit."""
    return TooManyBytes(
        f"The file is larger than {max_bytes / 1_000_000:.1f} MB. Use a smaller version of it."
    )


class _MeteredReader(io.RawIOBase):
    """The socket's own reader with the meter in front of it."""

    def __init__(self, sock: socket.socket, meter: ReadMeter) -> None:
        super().__init__()
        self._sock = sock
        self._meter = meter
        # Unbuffered, so this is the socket's reader itself; closing it lets the socket close.
        self._reader = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        self._sock.settimeout(self._meter.wait_seconds())
        try:
            received_bytes = self._reader.readinto(buffer) or 0
        except TimeoutError as error:
            raise FetchTimedOut(
                "The host stopped sending before the image was complete. Try again later."
            ) from error
        self._meter.spend(received_bytes)
        return received_bytes

    def close(self) -> None:
        self._reader.close()
        super().close()


class MeteredResponse(http.client.HTTPResponse):
    """http.client's answer, read through the meter, and deaf to cookies."""

    def __init__(self, sock: socket.socket, meter: ReadMeter, method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = io.BufferedReader(_MeteredReader(sock, meter))
        self._meter = meter
        meter.open_answers.callback(self.close)

    def begin(self) -> None:
        """Read status line and headers.

        Raises:
            BadAnswer: they break HTTP's rules or http.client's limits (a line of 64 KiB, a hundred
                headers), which another try would meet again.
        """
        try:
            super().begin()
        except http.client.RemoteDisconnected:
            raise  # nothing came at all: that can pass
        except http.client.HTTPException as error:
            raise BadAnswer("The host's answer breaks the rules of HTTP.") from error
        self._meter.start_body()
        del self.headers["Set-Cookie"]  # before requests could parse them
