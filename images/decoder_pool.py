"""The door to decoding: a few warm processes, each with one file at a time. Safe for threads.

A file that breaks its process, or takes too long, costs that process alone: it is ended, another
is started in its place, and whoever asked gets an error of ours.
"""

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from images import errors
from images.decode_wire import Line, LineBroken, LineTimedOut
from images.decoded_image import DecodedImage, DecodeLimits
from images.signatures import SUPPORTED_KINDS

# Of the standard library: a command's output stays its own.
log = logging.getLogger(__name__)

_START_SECONDS = 30.0
# Then another takes its place, so that what a library may lose of its memory stays little.
_FILES_A_CHILD = 500
_ROOT = Path(__file__).resolve().parents[1]
# No variable with a secret in it comes near the decoders.
_ENVIRONMENT_NAMES = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "TZ")
# Threads take address space for stacks and arenas, and bring nothing to one file.
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_MEDIA_TYPES = frozenset(kind.media_type for kind in SUPPORTED_KINDS)
_MAX_VIEWS = 4
_ERRORS = {
    error.code: error
    for error in (
        errors.NotAnImage,
        errors.UnsupportedFormat,
        errors.ImageTruncated,
        errors.TooManyPixels,
        errors.TooMuchMemory,
    )
}


class DecoderPool:
    """Decodes in processes of their own. `decode` waits for a free one where all are at work."""

    def __init__(
        self, limits: DecodeLimits, processes: int = 1, program: str = "images.decode_child"
    ) -> None:
        """Start one process and a spare one at once, without waiting; more when needed.

        Args:
            processes: how many files are decoded at a time.
            program: the module that decodes; tests have one that misbehaves.
        """
        self._limits = limits
        self._program = program
        self._free_places = threading.BoundedSemaphore(processes)
        self._lock = threading.Lock()
        # The spare one stands in at once when a file costs the other one.
        self._idle = [_Child(limits, program) for _ in range(2)]
        self._is_closed = False
        # Of the process that started last; None before the first one has.
        self.has_no_network: bool | None = None

    def __enter__(self) -> "DecoderPool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; those at work end when their file is done."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def decode(self, content: bytes) -> DecodedImage:
        """Decode the views of one file (`images.decode.decode_image`).

        Raises:
            NotAnImage, UnsupportedFormat, ImageTruncated, TooManyPixels, TooMuchMemory: as there.
            DecodeTimedOut: it took longer than `max_seconds`, by the clock or of the processor.
            DecoderCrashed: the process died over the file.
            DecoderUnavailable: no process could be started.
        """
        with self._free_places:
            child = self._take()
            try:
                return child.decode(content)
            finally:
                if child.was_ready:
                    self.has_no_network = child.has_no_network
                self._give_back(child)

    def _take(self) -> "_Child":
        with self._lock:
            return self._idle.pop() if self._idle else _Child(self._limits, self._program)

    def _give_back(self, child: "_Child") -> None:
        """Keep a sound process; in the place of another, start one that gets ready meanwhile."""
        if not child.is_sound:
            child.end()
        with self._lock:
            if not self._is_closed:
                if child.is_sound:
                    self._idle.append(child)
                elif child.was_ready:
                    self._idle.insert(0, _Child(self._limits, self._program))
                return
        child.end()


class _Child:
    """One process and the line to it."""

    def __init__(self, limits: DecodeLimits, program: str) -> None:
        self._limits = limits
        self._files_left = _FILES_A_CHILD
        self.is_sound = True
        self.was_ready = False
        self.has_no_network = False
        ours, theirs = socket.socketpair()
        inherited = {name: os.environ[name] for name in _ENVIRONMENT_NAMES if name in os.environ}
        agreed = json.dumps(asdict(limits))
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module and numbers
                [sys.executable, "-m", program, agreed],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=inherited | _ENVIRONMENT,
                cwd=_ROOT,
                start_new_session=True,  # a Ctrl-C is for us, who then end it
            )
        self._line = Line(ours)

    def decode(self, content: bytes) -> DecodedImage:
        """Send one file and read the answer; afterwards `is_sound` says whether it may go on."""
        self._wait_until_ready()
        is_done = False
        self._line.deadline = time.monotonic() + self._limits.max_seconds
        try:
            self._line.send({"bytes": len(content)}, content)
            decoded = self._read_answer(self._line.receive_head())
            is_done = True
            return decoded
        except LineTimedOut as error:
            raise _timed_out() from error
        except LineBroken as error:
            raise self._explain_death() from error
        except errors.ImageError as error:
            # After it ran out of memory, what is left of it may be in pieces.
            is_done = not isinstance(error, errors.TooMuchMemory)
            raise
        finally:
            self._files_left -= 1
            self.is_sound = is_done and self._files_left > 0

    def end(self) -> None:
        """Kill it: it holds nothing that could be lost."""
        self._line.close()
        self._process.kill()
        self._process.wait()

    def _wait_until_ready(self) -> None:
        if self.was_ready:
            return
        self.is_sound = False
        self._line.deadline = time.monotonic() + _START_SECONDS
        try:
            hello = self._line.receive_head()
        except (LineBroken, LineTimedOut) as error:
            raise errors.DecoderUnavailable(
                "The process that decodes images does not start. Try again later; its last words "
                "are in the log."
            ) from error
        self.was_ready = True
        self.has_no_network = hello.get("has_no_network") is True
        log.info("decoder started, network %s", "gone" if self.has_no_network else "in reach")

    def _read_answer(self, head: dict[str, Any]) -> DecodedImage:
        match head:
            case {"error": str(code), "message": str(message)} if code in _ERRORS:
                raise _ERRORS[code](message)
            case {
                "shapes": list(shapes),
                "media_type": str(media_type),
                "limits": list(limits),
            } if media_type in _MEDIA_TYPES and all(isinstance(note, str) for note in limits):
                sizes = self._check_shapes(shapes)
                views = tuple(self._line.receive_pixels(*size) for size in sizes)
                return DecodedImage(views, media_type, tuple(limits))
        raise LineBroken("the answer is none of those agreed on")

    def _check_shapes(self, shapes: list[Any]) -> list[tuple[int, int]]:
        sizes = []
        for shape in shapes:
            match shape:
                case [int(height), int(width)] if height > 0 and width > 0:
                    sizes.append((height, width))
                case _:
                    raise LineBroken("a size is none")
        pixels = sum(height * width for height, width in sizes)
        if not 1 <= len(sizes) <= _MAX_VIEWS or pixels > self._limits.max_pixels:
            raise LineBroken("more pixels than were allowed")
        return sizes

    def _explain_death(self) -> errors.ImageError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)
        status = self._process.returncode
        log.info("decoder died over a file, status %s", status)
        if status is not None and -status == signal.SIGXCPU:
            return _timed_out()
        return errors.DecoderCrashed(
            "The decoder broke on this file and was stopped. The file is damaged, or made to do "
            "harm. Open the image elsewhere and save it again."
        )


def _timed_out() -> errors.DecodeTimedOut:
    return errors.DecodeTimedOut(
        "Decoding the image takes too long. Send a smaller version, or save it as JPEG or PNG."
    )
