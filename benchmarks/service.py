"""A service of its own to measure: `ntf run` in a temporary folder, as an operator starts it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.caller import Caller, Request
from tests.chaos.service import find_free_port

READY_WITHIN_SECONDS = 90
STOP_WITHIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Service:
    """A running service, and the process that all of its others come from."""

    address: str
    key: str
    pid: int

    def caller(self) -> Caller:
        """Of its first tenant."""
        return Caller(self.address, self.key)

    def memory_mib(self) -> dict[str, float]:
        """What its processes hold by themselves (USS), by kind."""
        found: dict[str, float] = {}
        for process in psutil.Process(self.pid).children(recursive=True):
            try:
                kind = kind_of(process.cmdline())
                held = process.memory_full_info().uss / 2**20
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            found[kind] = found.get(kind, 0.0) + held
        return found


def kind_of(command: list[str]) -> str:
    """What a process is, by its command line."""
    words = " ".join(command)
    kinds = {
        "gunicorn": "web",
        "celery": "worker",
        "decode_child": "decoders",
        "valkey": "valkey",
    }
    return next((kind for word, kind in kinds.items() if word in words), "other")


@contextmanager
def running_service(settings: Mapping[str, str] | None = None) -> Iterator[Service]:
    """Start it, wait until it takes requests, and stop it."""
    with tempfile.TemporaryDirectory(prefix="ntf-bench-") as folder:
        root, port = Path(folder), find_free_port()
        command = [sys.executable, "-m", "cli", "run", "--folder", folder, "--port", str(port)]
        environment = {name: value for name, value in os.environ.items() if name[:4] != "NTF_"}
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(
                command, env=environment | dict(settings or {}), stdout=log, stderr=log
            )
        try:
            yield wait_until_ready(root, f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait(STOP_WITHIN_SECONDS)


def wait_until_ready(root: Path, address: str, process: subprocess.Popen[bytes]) -> Service:
    """Until it says that it takes requests."""
    deadline, key_file = time.monotonic() + READY_WITHIN_SECONDS, root / "first-key.json"
    while time.monotonic() < deadline and process.poll() is None:
        if key_file.exists() and (text := key_file.read_text()):
            service = Service(address, json.loads(text)["key"], process.pid)
            if service.caller().send(Request("GET", "/readyz", None, ()))[0] == 200:
                return service
        time.sleep(0.5)
    sys.exit("The service did not start:\n" + (root / "log").read_text()[-2000:])
