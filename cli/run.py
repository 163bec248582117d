"""`ntf run`: the whole product in one terminal, on embedded servers or on real ones.

The same processes as in operation: gunicorn and a Celery worker. Where NTF_DATABASE_URL or
NTF_BROKER_URL is set, that server is used and none is embedded.
"""

import os
import secrets
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

FIRST_PORT, PORTS_TRIED = 8080, 40


@click.command()
@click.option("--folder", default="var", show_default=True, help="Where all data are kept.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.  [default: 8080 or the next free one]")
def command(folder: str, host: str, port: int | None) -> None:
    """Run the whole product here. Ctrl-C stops it; nothing is lost."""
    stop_cleanly_on_signals()
    root = Path(folder).resolve()
    root.mkdir(parents=True, exist_ok=True)
    with only_one(root), ExitStack() as servers:
        start_servers(root, servers)
        chosen = port or find_free_port(host)
        prepare(root, f"http://{host}:{chosen}")
        returncode = run_processes(host, chosen)
    click.echo("Stopped. Everything is kept in " + str(root))
    sys.exit(returncode)


def stop_cleanly_on_signals() -> None:
    """Leave by way of the context managers, which stop what was started, at any moment.

    The manager of the processes takes SIGINT and SIGTERM over once it runs.
    """

    def stop(*_: object) -> None:
        raise SystemExit(0)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Hold the folder for this process; the lock ends with it, however it ends."""
    from fasteners import InterProcessLock

    lock = InterProcessLock(root / "run.lock")
    if not lock.acquire(blocking=False):
        raise click.ClickException(
            f"Another `ntf run` uses {root}. Stop it first, or name another --folder."
        )
    try:
        yield
    finally:
        lock.release()


def start_servers(root: Path, servers: ExitStack) -> None:
    """Start the embedded servers that are wanted, and put their addresses into the environment,
    which the processes inherit."""
    from cli.embedded import embedded_postgresql, embedded_valkey

    if "NTF_DATABASE_URL" not in os.environ:
        click.echo("Starting PostgreSQL …")
        address = servers.enter_context(embedded_postgresql(root / "postgresql"))
        os.environ["NTF_DATABASE_URL"] = address
    if "NTF_BROKER_URL" not in os.environ:
        click.echo("Starting Valkey …")
        address = servers.enter_context(embedded_valkey(root / "valkey"))
        os.environ["NTF_BROKER_URL"] = address
    os.environ.setdefault("NTF_IMAGE_FOLDER", str(root / "images"))
    os.environ.setdefault("NTF_SECRET_KEY", keep_secret(root / "secret-key"))
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = empty_folder(root / "metrics")


def prepare(root: Path, address: str) -> None:
    """Bring the database up to date, make sure that there is a key, and say how to get in."""
    from cli.bootstrap import ensure_first_key, migrate
    from scans.database import open_sessions
    from scans.settings import load_settings

    settings = load_settings()
    migrate(settings.database_url)
    first = ensure_first_key(open_sessions(settings.database_url), root / "first-key.json")
    click.echo(
        f"\n  Page     {address}/#key={first.key}\n"
        f"  API      {address}/v1/checks   (docs: {address}/docs)\n"
        f"  Key      {first.key}   (kept in {root / 'first-key.json'})\n"
        f"\n  curl -F image=@photo.jpg -H 'Authorization: Bearer {first.key}' "
        f"'{address}/v1/checks?wait=8'\n\n  Ctrl-C stops everything.\n"
    )


def run_processes(host: str, port: int) -> int:
    """Run the processes until one ends or we are told to stop; their output goes to the terminal.

    Returns 0 where a signal stopped us, else the status of the process that ended first.
    """
    from honcho.manager import Manager

    # A terminal that closes sends SIGHUP; it must stop everything as SIGTERM does.
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    manager = Manager()
    for name, arguments in processes(host, port).items():
        manager.add_process(name, shlex.join(arguments))
    manager.loop()
    stopped_by_signal = manager.returncode in {128 + signal.SIGINT, 128 + signal.SIGTERM}
    return 0 if stopped_by_signal else int(manager.returncode or 0)


def processes(host: str, port: int) -> dict[str, list[str]]:
    """The processes of an installation, each as in `docker-compose.yml`."""
    python = [sys.executable, "-m"]
    # `exec` makes the program itself the head of its process group, not a shell around it.
    return {
        "api": [
            "exec",
            *python,
            "gunicorn",
            "--bind",
            f"{host}:{port}",
            "--workers",
            "2",
            "--threads",
            "16",
            "--worker-class",
            "gthread",
            "--graceful-timeout",
            "4",
            "--no-control-socket",
            "api.wsgi:app",
        ],
        "worker": [
            "exec",
            *python,
            "celery",
            "--app",
            "worker.celery_app",
            "worker",
            "--pool",
            "threads",
            "--concurrency",
            "4",
            "--queues",
            "fetch,detect,deliver",
            "--without-gossip",
            "--without-mingle",
            "--loglevel",
            "WARNING",
        ],
        # Learns beside the others, and holds the clock: there must be one of it.
        "retrain": [
            "exec",
            *python,
            "celery",
            "--app",
            "worker.celery_app",
            "worker",
            "--pool",
            "threads",
            "--concurrency",
            "1",
            "--queues",
            "retrain",
            "--beat",
            "--hostname",
            "retrain@%h",
            "--without-gossip",
            "--without-mingle",
            "--loglevel",
            "WARNING",
        ],
    }


def find_free_port(host: str) -> int:
    """8080, or the next port after it that nobody listens on.

    Raises:
        ClickException: none of forty is free.
    """
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As gunicorn does: a port in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise click.ClickException(f"No port from {FIRST_PORT} on is free. Name one with --port.")


def keep_secret(path: Path) -> str:
    """The secret in a private file; made on the first start."""
    from cli.bootstrap import write_private

    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text()


def empty_folder(path: Path) -> str:
    """An empty folder: figures of processes that have ended must not be counted again."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return str(path)
