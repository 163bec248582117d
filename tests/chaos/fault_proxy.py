"""A TCP proxy that stands before a server and breaks connections on purpose.

Three faults: latency (each piece of data waits), reset (all connections end by RST), half-open (all
connections fall silent, as when a cable is pulled, and end by RST when a keepalive would notice).
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import TypeVar

Result = TypeVar("Result")
PIECE_BYTES = 65536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of zero seconds: close by RST (socket(7))


class FaultProxy:
    """Listens on a loopback port and passes on to a Unix socket or another port, until closed.

    Attributes:
        port: where it listens on 127.0.0.1.
    """

    def __init__(self, upstream: Path | int) -> None:
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self._latency_seconds = 0.0
        self.port = 0

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        self.port = self._run(self._listen())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def slow_down(self, latency_seconds: float) -> None:
        """Let each piece of data wait, in both directions; 0 ends it."""
        self._latency_seconds = latency_seconds

    def reset(self) -> None:
        """End all connections by RST."""
        self._run(self._reset(set(self._pairs)))

    def fall_silent(self, seconds: float) -> None:
        """Pass nothing on over the connections of this moment, and end them by RST afterwards.

        Connections that are made meanwhile are sound.
        """
        self._run(self._fall_silent(seconds))

    def _run(self, work: Coroutine[object, object, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._open_upstream()
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far_writer)
        self._pairs.add(pair)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, far_writer, writer))
                group.create_task(self._pass_on(far_reader, writer, writer))
        finally:
            self._pairs.discard(pair)
            self._silent.discard(writer)

    async def _open_upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, Path):
            return await asyncio.open_unix_connection(self._upstream)
        return await asyncio.open_connection("127.0.0.1", self._upstream)

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        near: asyncio.StreamWriter,
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE_BYTES):
                if self._latency_seconds:
                    await asyncio.sleep(self._latency_seconds)
                if near not in self._silent:
                    writer.write(piece)
                    await writer.drain()
        # A connection that has fallen silent does not even say goodbye.
        if near not in self._silent:
            writer.close()

    async def _fall_silent(self, seconds: float) -> None:
        pairs = set(self._pairs)
        self._silent |= {near for near, _ in pairs}
        self._loop.call_later(seconds, lambda: self._loop.create_task(self._reset(pairs)))

    async def _reset(self, pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]]) -> None:
        for writer in (end for pair in pairs for end in pair):
            sock = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                if sock.family == socket.AF_INET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            writer.transport.abort()

    async def _end(self) -> None:
        await self._reset(set(self._pairs))
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
