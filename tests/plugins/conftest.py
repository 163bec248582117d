"""What these tests stand on: npm's packages as `make integrations` installs them, and Node."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
INTEGRATIONS = ROOT / "integrations"
SCRIPTS = Path(__file__).parent / "node"
NODE_SECONDS = 90


class Node:
    """Runs scripts of `tests/plugins/node/`, which take JSON and print JSON."""

    def run(self, script: str, given: Any) -> Any:
        done = subprocess.run(
            ["node", "--no-warnings", str(SCRIPTS / script)],
            input=json.dumps(given),
            capture_output=True,
            check=False,
            text=True,
            timeout=NODE_SECONDS,
            cwd=INTEGRATIONS,
            env={"PATH": os.environ["PATH"], "NTF_INTEGRATIONS": str(INTEGRATIONS)},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def node() -> Node:
    built = INTEGRATIONS / "coop_plugin" / "dist" / "index.js"
    assert shutil.which("node"), "install Node 20.19 or newer"
    assert built.exists(), "run `make integrations` first"
    return Node()


@pytest.fixture
def nobody() -> str:
    """An address at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="session")
def ntf_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The Python client as `pip` builds it out of this repository."""
    folder = tmp_path_factory.mktemp("client")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--no-cache-dir"]
    source = shutil.copytree(
        INTEGRATIONS / "python_client",
        folder / "source",
        ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"),
    )
    subprocess.run([*command, "--target", str(folder / "installed"), str(source)], check=True)
    sys.path.insert(0, str(folder / "installed"))
    import ntf_client

    yield ntf_client
    sys.path.remove(str(folder / "installed"))
