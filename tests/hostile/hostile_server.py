"""A local server for everything that a web host can do to us: loopback, a thread a connection.

`python -m tests.hostile` starts it by hand, with its TLS and name servers beside it.
"""

import contextlib
import socket
import ssl
import threading
from types import TracebackType

from tests.hostile.behaviours import BEHAVIOURS, Exchange, answer_not_found

TLS_HANDSHAKE_RECORD = b"\x16"


class HostileServer:
    """Serves `BEHAVIOURS` by path until closed.

    Attributes:
        port: where it listens on 127.0.0.1.
        request_heads: the first lines and headers of every request, as sent.
        server_names: what each TLS client asked for by SNI.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._tls = tls
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.request_heads: list[str] = []
        self.server_names: list[str | None] = []
        if tls is not None:
            tls.sni_callback = lambda _sock, name, _context: self.server_names.append(name)

    def __enter__(self) -> "HostileServer":
        self._start(self._accept_forever)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        for sock in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in list(self._threads):
            thread.join(timeout=5)

    def url(self, path: str) -> str:
        """The address of one behaviour."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{path}"

    def _start(self, run: object, *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept_forever(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        # Clients hang up in the middle of what we do to them: that is the point.
        with contextlib.suppress(OSError, ValueError), connection:
            if self._tls is None:
                self._answer(connection)
                return
            with self._tls.wrap_socket(connection, server_side=True) as secure:
                self._connections.append(secure)
                self._answer(secure)

    def _answer(self, connection: socket.socket) -> None:
        head = self._read_head(connection)
        if not head:
            return
        self.request_heads.append(head)
        target = head.split(" ")[1]
        path, _, query = target.partition("?")
        behaviour = BEHAVIOURS.get(path, answer_not_found)
        behaviour(Exchange(connection, head, query, self._stopping))

    @staticmethod
    def _read_head(connection: socket.socket) -> str:
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(4096)
            if not received or received.startswith(TLS_HANDSHAKE_RECORD):
                return ""
            head += received
        return head.decode("latin-1")
