"""The whole product as a stranger starts it: `ntf run`, in a session of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
import requests

from tests.content_credentials import Authority
from tests.pictures import as_jpeg, noise

START_SECONDS, STOP_SECONDS = 60, 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


IMAGE_PORT = free_port()
# Whom the operator of the products below trusts.
AUTHORITY = Authority()


@dataclass
class Product:
    """A running `ntf run`."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        return str(json.loads((self.folder / "first-key.json").read_text())["key"])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Prefer": "wait=8"}

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "ntf run ended by itself; see its log"
            try:
                if requests.get(f"{self.address}/readyz", timeout=2).ok:
                    return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.1)
        raise AssertionError(f"not ready after {START_SECONDS} s")

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> int:
        """Send a signal as a terminal would; returns the exit status."""
        self.process.send_signal(with_signal)
        return self.process.wait(STOP_SECONDS)

    def leftovers(self) -> list[str]:
        """Processes that still belong to the folder, by their command line or environment."""
        return [line for line in map(describe, psutil.process_iter()) if str(self.folder) in line]


def describe(process: psutil.Process) -> str:
    try:
        folder = process.environ().get("NTF_IMAGE_FOLDER", "")
        return f"{' '.join(process.cmdline())} {folder}"
    except psutil.Error:
        return ""


@contextmanager
def started(folder: Path) -> Iterator[Product]:
    """A product of its own for one test; it is stopped whatever the test does."""
    product = start(folder, free_port(), folder.with_suffix(".log"))
    try:
        yield product
    finally:
        if product.process.poll() is None:
            product.process.terminate()
            product.process.wait(STOP_SECONDS)


def start(folder: Path, port: int, log: Path, **settings: str) -> Product:
    environment = {name: value for name, value in os.environ.items() if "NTF_" not in name}
    trust_list = folder.with_suffix(".pem")
    trust_list.write_bytes(b"# date: 2026-11-01\n" + AUTHORITY.pem)
    environment |= {
        "NTF_C2PA_TRUST_LIST_PATH": str(trust_list),
        "NTF_ALLOW_PRIVATE_ADDRESSES": "true",
        # One answer, whatever the benchmarks have installed beside it.
        "NTF_DETECTOR_BACKEND": "onnx",
        "NTF_FETCH_PORTS": f"80,443,{IMAGE_PORT}",
        **settings,
    }
    command = [sys.executable, "-m", "cli", "run", "--folder", str(folder), "--port", str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=environment, start_new_session=True
        )
    return Product(folder, port, process)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    root = tmp_path_factory.mktemp("product")
    running = start(root / "var", free_port(), root / "log")
    try:
        running.wait_until_ready()
        yield running
        assert running.stop() == 0
        assert running.leftovers() == []
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(STOP_SECONDS)
        sys.stdout.write((root / "log").read_text(errors="replace")[-5000:])


@pytest.fixture(scope="session")
def image_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web host on loopback with one image, `/a.jpg`."""
    root = tmp_path_factory.mktemp("host")
    (root / "a.jpg").write_bytes(as_jpeg(noise(77)))
    (root / "not.jpg").write_bytes(b"this is no image")
    handler = partial(SimpleHTTPRequestHandler, directory=str(root))
    with ThreadingHTTPServer(("127.0.0.1", IMAGE_PORT), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{IMAGE_PORT}"
        server.shutdown()


@pytest.fixture(scope="session")
def chromium() -> str:
    path = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    assert path, "install Chromium: `make browser` says how"
    return path
