"""A real Synapse on SQLite, with the real synapse-http-antispam in it, and a user of it."""

import hashlib
import hmac
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.integration.service_kit import free_port, until

SHARED_SECRET = "registers users of the tests"
ANSWER_SECONDS = 60
ENOUGH = {"per_second": 1000, "burst_count": 1000}


@dataclass
class Synapse:
    """A homeserver, and the token of one of its users."""

    url: str
    token: str = ""
    room_id: str = ""

    def __post_init__(self) -> None:
        self._transactions = count()

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= more.pop("headers", {})
        url = self.url + path
        return requests.request(method, url, headers=headers, timeout=ANSWER_SECONDS, **more)

    def register(self, name: str) -> None:
        """Be a user, by the shared secret (`/_synapse/admin/v1/register`)."""
        path = "/_synapse/admin/v1/register"
        nonce = self.ask("GET", path).json()["nonce"]
        signed = "\0".join([nonce, name, "password", "notadmin"]).encode()
        mac = hmac.new(SHARED_SECRET.encode(), signed, hashlib.sha1).hexdigest()
        user = {"nonce": nonce, "username": name, "password": "password", "admin": False}
        self.token = self.ask("POST", path, json=user | {"mac": mac}).json()["access_token"]
        self.room_id = self.ask("POST", "/_matrix/client/v3/createRoom", json={}).json()["room_id"]

    def upload(self, content: bytes) -> str:
        """Returns the `mxc://` address."""
        answer = self.ask(
            "POST",
            "/_matrix/media/v3/upload",
            data=content,
            headers={"Content-Type": "image/png"},
        )
        return str(answer.json()["content_uri"])

    def send(self, content: dict[str, Any]) -> requests.Response:
        """Send a message to the room."""
        path = f"/_matrix/client/v3/rooms/{self.room_id}/send/m.room.message"
        return self.ask("PUT", f"{path}/{next(self._transactions)}", json=content)

    def send_picture(self, content: bytes) -> requests.Response:
        """Upload, then send."""
        message = {"msgtype": "m.image", "body": "a.png", "url": self.upload(content)}
        return self.send(message | {"info": {"mimetype": "image/png"}})


@contextmanager
def running_synapse(folder: Path, antispam: dict[str, Any]) -> Iterator[Synapse]:
    """The homeserver with the module configured so, and a user in a room."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "homeserver.yaml"
    config.write_text(yaml.safe_dump(configure(folder, port, antispam)))
    run = [sys.executable, "-W", "ignore", "-m", "synapse.app.homeserver", "-c", str(config)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    subprocess.run(
        [*run, "--generate-keys"], cwd=folder, env=environment, check=True, capture_output=True
    )
    synapse = Synapse(f"http://127.0.0.1:{port}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(run, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        until(lambda: process.poll() is not None or is_up(synapse))
        assert process.poll() is None, (folder / "log").read_text()[-2000:]
        synapse.register("someone")
        yield synapse
    finally:
        process.terminate()
        process.wait(ANSWER_SECONDS)


def is_up(synapse: Synapse) -> bool:
    try:
        return requests.get(f"{synapse.url}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def configure(folder: Path, port: int, antispam: dict[str, Any]) -> dict[str, Any]:
    """As little as a homeserver needs."""
    listener = {
        "port": port,
        "type": "http",
        "bind_addresses": ["127.0.0.1"],
        "resources": [{"names": ["client"]}],
    }
    return {
        "server_name": "matrix.example",
        "pid_file": str(folder / "pid"),
        "listeners": [listener],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "database")}},
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(folder / "signing.key"),
        "registration_shared_secret": SHARED_SECRET,
        "macaroon_secret_key": "of the tests",
        "form_secret": "of the tests",
        "report_stats": False,
        "trusted_key_servers": [],
        "rc_message": ENOUGH,
        "modules": [{"module": "synapse_http_antispam.HTTPAntispam", "config": antispam}],
    }
