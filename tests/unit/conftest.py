"""Unit tests need no network and no server: a connection is an error."""

import socket

import pytest


@pytest.fixture(autouse=True)
def closed_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError(f"a unit test opened a connection: {args[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
