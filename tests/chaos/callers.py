"""Callers who ask for checks at a steady pace, and ask again until they are told "taken"."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import requests

from tests.chaos.image_host import ImageHost, picture

CALLERS = 16
ANSWER_SECONDS = 12.0
AGAIN_SECONDS = 0.3
MOST_SECONDS = 400.0
# Every so many checks, one is an upload.
UPLOAD_EVERY = 7


@dataclass
class Taken:
    """What the service answered for.

    Attributes:
        checks: the number of the picture, by the id of the check that was answered with.
        repeats: how often a caller had to ask again.
    """

    checks: dict[str, int] = field(default_factory=dict)
    repeats: int = 0


def ask_for_checks(
    address: str, key: str, host: ImageHost, *, seed: int, count: int, per_second: float
) -> Taken:
    """Ask for a check of each picture; a caller gives up only when all of it takes too long."""
    deadline = time.monotonic() + MOST_SECONDS
    taken = Taken()
    numbers = pace(count, per_second)
    lock = threading.Lock()

    def call() -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {key}"
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                ask_again = partial(ask, session, address, host, seed, number)
                if (check_id := ask_until_taken(ask_again, taken, deadline)) is not None:
                    taken.checks[check_id] = number

    callers = [threading.Thread(target=call, daemon=True) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return taken


def pace(count: int, per_second: float) -> Iterator[int]:
    """The numbers, each at its time."""
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        yield number


def ask_until_taken(
    ask_again: Callable[[], requests.Response], taken: Taken, deadline: float
) -> str | None:
    """The id of the check. Whoever heard no answer asks the same again, as a client would."""
    while time.monotonic() < deadline:
        try:
            answer = ask_again()
            if answer.status_code in {200, 202}:
                check_id: str = answer.json()["id"]
                return check_id
            if answer.status_code < 500:
                raise RuntimeError(f"the service refused a check: {answer.status_code}")
        except requests.RequestException:
            pass
        taken.repeats += 1
        time.sleep(AGAIN_SECONDS)
    return None


def ask(
    session: requests.Session, address: str, host: ImageHost, seed: int, number: int
) -> requests.Response:
    """One request: most by address, some with the bytes."""
    if number % UPLOAD_EVERY == 0:
        return session.post(
            f"{address}/v1/checks",
            files={"image": ("a.jpg", picture(seed, number))},
            timeout=ANSWER_SECONDS,
        )
    return session.post(
        f"{address}/v1/checks", json={"url": host.url(seed, number)}, timeout=ANSWER_SECONDS
    )
