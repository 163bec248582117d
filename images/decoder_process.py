"""One process that decodes and reads provenance, seen from whoever asks it.

Its word is a stranger's: every size, code and claim is held against what was agreed on.
"""

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from images import errors
from images.decode_wire import Line, LineBroken, LineTimedOut
from images.decoded_image import DecodedImage, DecodeLimits
from images.provenance.claims import FileClaim
from images.provenance.claims_wire import ClaimsBroken, read_claims, trust_list_message
from images.provenance.trust_list import TrustList
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
# Of its time; an idle machine lets a process wait for hundredths.
_STARVED_SHARE = 0.25
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


class DecoderProcess:
    """One process and the line to it. Not safe for threads."""

    def __init__(self, limits: DecodeLimits, trust_list: TrustList, program: str) -> None:
        """Start it, without waiting until it is ready."""
        self._limits = limits
        self._trust_list = trust_list
        self._files_left = _FILES_A_CHILD
        self.is_sound = True
        self.was_ready = False
        self.has_no_network = False
        self._waited_before: float | None = None
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
        """See `DecoderPool.decode`; afterwards `is_sound` says whether it may go on."""
        try:
            with self._one_file(self._limits.max_seconds):
                self._line.send({"task": "decode", "bytes": len(content)}, content)
                return self._read_answer(self._line.receive_head())
        except LineTimedOut as error:
            raise self._explain_delay() from error
        except LineBroken as error:
            raise self._explain_death() from error
        except errors.TooMuchMemory:
            # What is left of it may be in pieces.
            self.is_sound = False
            raise

    def read_provenance(self, content: bytes, media_type: str) -> tuple[FileClaim, ...]:
        """See `DecoderPool.read_provenance`; `is_sound` as after `decode`."""
        request = {"task": "provenance", "bytes": len(content), "media_type": media_type}
        try:
            with self._one_file(self._limits.max_provenance_seconds):
                self._line.send(request, content)
                return read_claims(self._line.receive_head(), self._trust_list.title)
        except (LineTimedOut, LineBroken, ClaimsBroken) as error:
            log.info("provenance cannot be read: %s", type(error).__name__)
            return (FileClaim("c2pa", "unreadable", trust_list=self._trust_list.title),)

    @contextlib.contextmanager
    def _one_file(self, max_seconds: float) -> Iterator[None]:
        """Whoever does not answer as agreed, and in time, gets no other file."""
        self._wait_until_ready()
        self.is_sound = False
        self._line.deadline = time.monotonic() + max_seconds
        self._waited_before = _waited_seconds(self._process.pid)
        self._files_left -= 1
        try:
            yield
        except errors.ImageError:
            self.is_sound = self._files_left > 0
            raise
        self.is_sound = self._files_left > 0

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
            self._line.send(*trust_list_message(self._trust_list))
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

    def _explain_delay(self) -> errors.ImageError:
        """Whether the file is to blame, or others that kept the processor from it."""
        waited = _waited_seconds(self._process.pid)
        if waited is None or self._waited_before is None:
            return _timed_out()
        share = (waited - self._waited_before) / self._limits.max_seconds
        return _timed_out() if share > _STARVED_SHARE else _too_much_work()

    def _explain_death(self) -> errors.ImageError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)
        status = self._process.returncode
        log.info("decoder died over a file, status %s", status)
        if status is not None and -status == signal.SIGXCPU:
            return _too_much_work()
        return errors.DecoderCrashed(
            "The decoder broke on this file and was stopped. The file is damaged, or made to do "
            "harm. Open the image elsewhere and save it again."
        )


def _timed_out() -> errors.DecodeTimedOut:
    return errors.DecodeTimedOut(
        "Decoding the image takes too long on a machine that is busy now. Try again later, or send "
        "a smaller version."
    )


def _too_much_work() -> errors.TooMuchWork:
    return errors.TooMuchWork(
        "Decoding the image takes too long. Send a smaller version, or save it as JPEG or PNG."
    )


def _waited_seconds(pid: int) -> float | None:
    """How long a process was ready to run and had no processor; None where nobody counts.

    Linux, Documentation/scheduler/sched-stats.rst: the second number of `schedstat`, in ns.
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return None
