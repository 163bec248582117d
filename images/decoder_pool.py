"""The door to decoding and provenance: a few warm processes, each with one file at a time.

Safe for threads. A file that breaks its process, or takes too long, costs that process alone: it is
ended, another is started in its place, and whoever asked gets an error of ours.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from images.decoded_image import DecodedImage, DecodeLimits
from images.decoder_process import DecoderProcess
from images.provenance.claims import FileClaim
from images.provenance.trust_list import NO_TRUST_LIST, TrustList


class DecoderPool:
    """Decodes in processes of their own. `decode` waits for a free one where all are at work."""

    def __init__(
        self,
        limits: DecodeLimits,
        processes: int = 1,
        *,
        trust_list: TrustList = NO_TRUST_LIST,
        program: str = "images.decode_child",
    ) -> None:
        """Start one process and a spare one at once, without waiting; more when needed.

        Args:
            processes: how many files are worked on at a time.
            trust_list: whose signatures count.
            program: the module that decodes; tests have one that misbehaves.
        """
        self._limits = limits
        self._trust_list = trust_list
        self._program = program
        self._free_places = threading.BoundedSemaphore(processes)
        self._lock = threading.Lock()
        # The spare one stands in at once when a file costs the other one.
        self._idle = [self._start() for _ in range(2)]
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
            TooMuchWork: it took longer than `max_seconds`, by the clock or of the processor.
            DecodeTimedOut: it did, but had to wait for the processor.
            DecoderCrashed: the process died over the file.
            DecoderUnavailable: no process could be started.
        """
        with self._free_child() as child:
            return child.decode(content)

    def read_provenance(self, content: bytes, media_type: str) -> tuple[FileClaim, ...]:
        """What the file says about itself (`images.provenance.read.read_provenance`).

        One that breaks the reader, or takes it longer than `max_provenance_seconds`, is a claim
        `unreadable`, since the picture is sound all the same.

        Raises:
            DecoderUnavailable: no process could be started.
        """
        with self._free_child() as child:
            return child.read_provenance(content, media_type)

    @contextmanager
    def _free_child(self) -> Iterator[DecoderProcess]:
        with self._free_places:
            child = self._take()
            try:
                yield child
            finally:
                if child.was_ready:
                    self.has_no_network = child.has_no_network
                self._give_back(child)

    def _start(self) -> DecoderProcess:
        return DecoderProcess(self._limits, self._trust_list, self._program)

    def _take(self) -> DecoderProcess:
        with self._lock:
            return self._idle.pop() if self._idle else self._start()

    def _give_back(self, child: DecoderProcess) -> None:
        """Keep a sound process; in the place of another, start one that gets ready meanwhile."""
        if not child.is_sound:
            child.end()
        with self._lock:
            if not self._is_closed:
                if child.is_sound:
                    self._idle.append(child)
                elif child.was_ready:
                    self._idle.insert(0, self._start())
                return
        child.end()
