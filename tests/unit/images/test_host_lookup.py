"""A lookup gives its answers, or a typed error within the deadline."""

import socket
import threading
import time
from collections.abc import Sequence

import pytest

from images.deadline import Deadline
from images.errors import FetchFailed, FetchTimedOut
from images.host_lookup import resolve_within


def test_the_answers_come_as_they_are() -> None:
    assert resolve_within(lambda _host, _port: ["8.8.8.8"], "a", 80, Deadline.after(5)) == [
        "8.8.8.8"
    ]


def test_a_failed_lookup_can_be_tried_again() -> None:
    def fail(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    def find_nothing(_host: str, _port: int) -> Sequence[str]:
        return []

    for resolve in (fail, find_nothing):
        with pytest.raises(FetchFailed) as caught:
            resolve_within(resolve, "a", 80, Deadline.after(5))
        assert caught.value.retryable


def test_a_lookup_ends_with_the_deadline() -> None:
    released = threading.Event()

    def hang(_host: str, _port: int) -> Sequence[str]:
        released.wait(10)
        return []

    started = time.monotonic()
    with pytest.raises(FetchTimedOut):
        resolve_within(hang, "a", 80, Deadline.after(0.1))
    released.set()
    assert time.monotonic() - started < 1


def test_a_deadline_shortens_waits_and_then_ends() -> None:
    assert Deadline.after(5).cap_seconds(1) == 1
    assert Deadline.after(0.5).cap_seconds(1) <= 0.5
    with pytest.raises(FetchTimedOut):
        Deadline.after(-1).cap_seconds(1)
