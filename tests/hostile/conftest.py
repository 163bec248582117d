"""The hostile server and what a fetch from it needs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from images.safe_fetch import FetchPolicy
from tests.hostile.certificates import Authority
from tests.hostile.disguise import PUBLIC_ADDRESS, DisguisedInternet
from tests.hostile.hostile_server import HostileServer


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder: Path = tmp_path_factory.mktemp("authority")
    return Authority(folder)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as running:
        yield running


@pytest.fixture
def policy() -> FetchPolicy:
    """The default policy, with limits that a test can wait for."""
    return FetchPolicy(
        max_bytes=1_000_000,
        total_timeout_seconds=5.0,
        connect_timeout_seconds=2.0,
        read_timeout_seconds=2.0,
    )


@pytest.fixture
def open_policy(policy: FetchPolicy, server: HostileServer) -> FetchPolicy:
    """As `policy`, but loopback and the server's port are open."""
    return replace(
        policy, allow_private_addresses=True, allowed_ports=frozenset({80, 443, server.port})
    )


@pytest.fixture
def internet(server: HostileServer) -> DisguisedInternet:
    """`photos.example` on a public address, port 80, is the hostile server."""
    return DisguisedInternet(
        names={"photos.example": [[PUBLIC_ADDRESS]]},
        loopback_ports={(PUBLIC_ADDRESS, 80): server.port},
    )
