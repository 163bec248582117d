"""Debian's RabbitMQ as a process of the tests' own: in a folder, on free ports, without root."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
START_SECONDS, STOP_SECONDS = 240, 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_rabbitmq(folder: Path, port: int) -> Iterator[str]:
    """The broker's address. What it keeps lies in the folder, for the next start on it."""
    environment = environment_of(folder, port)
    with (folder / "output").open("ab") as output:
        # Erlang would start its name server by itself, and leave it behind.
        names = subprocess.Popen(["epmd"], env=environment, stdout=output, stderr=output)
        server = subprocess.Popen([SERVER], env=environment, stdout=output, stderr=output)
    try:
        wait_until_it_listens(server, port)
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        for process in (server, names):
            process.terminate()
            process.wait(STOP_SECONDS)


def environment_of(folder: Path, port: int) -> dict[str, str]:
    """The environment of a server that keeps to this folder, and of its name server."""
    folder.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"ntf{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(free_port()),
    }


def wait_until_it_listens(server: subprocess.Popen[bytes] | None, port: int) -> None:
    """Until it speaks AMQP; where its process is given, only while that runs."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server is None or server.poll() is None, "RabbitMQ has ended"
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as line:
                line.sendall(b"AMQP\0\0\x09\1")
                line.settimeout(5)
                if line.recv(1) == b"\1":  # its first frame
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError("RabbitMQ does not answer")
