"""Makes loopback servers look like hosts on the internet, so that the default policy is tested.

Names resolve by a table, one list of answers a lookup; connections to the table's public addresses
go to loopback, and their peer's address is reported as the public one.
"""

import socket
from collections.abc import Mapping, Sequence

from images.safe_fetch import Network

PUBLIC_ADDRESS = "93.184.215.14"


class DisguisedSocket(socket.socket):
    """A connection to loopback that names another peer."""

    peer: tuple[str, int]

    def getpeername(self) -> tuple[str, int]:
        """What the guard checks."""
        return self.peer


class DisguisedInternet:
    """A made internet with two tables.

    Attributes:
        lookups: every name asked for, in order.
        connections: every (address, port) that a connection was opened to.
    """

    def __init__(
        self,
        names: Mapping[str, Sequence[Sequence[str]]],
        loopback_ports: Mapping[tuple[str, int], int],
    ) -> None:
        self._answers = {name: list(answers) for name, answers in names.items()}
        self._loopback_ports = loopback_ports
        self.lookups: list[str] = []
        self.connections: list[tuple[str, int]] = []

    @property
    def network(self) -> Network:
        """To hand to `fetch_image`."""
        return Network(resolve=self._resolve, connect=self._connect)

    def _resolve(self, host: str, _port: int) -> Sequence[str]:
        """Each lookup takes the next list of answers; the last one stays."""
        self.lookups.append(host)
        answers = self._answers.get(host)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _connect(self, address: str, port: int, timeout_seconds: float) -> socket.socket:
        self.connections.append((address, port))
        loopback_port = self._loopback_ports.get((address, port))
        if loopback_port is None:
            raise ConnectionRefusedError
        sock = DisguisedSocket(socket.AF_INET, socket.SOCK_STREAM)
        sock.peer = (address, port)
        sock.settimeout(timeout_seconds)
        sock.connect(("127.0.0.1", loopback_port))
        return sock
