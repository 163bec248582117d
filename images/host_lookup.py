"""Turns a host name into addresses within a deadline. Checks none of them.

getaddrinfo cannot be given a time limit nor be stopped, so it runs in a thread that is left behind
when time is up; a cap on such threads keeps a dead name server from collecting them.
"""

import queue
import socket
import threading
from collections.abc import Callable, Sequence

from images.deadline import Deadline
from images.errors import FetchFailed, FetchTimedOut

Resolver = Callable[[str, int], Sequence[str]]

_MAX_LOOKUPS_AT_ONCE = 64
_lookups = threading.BoundedSemaphore(_MAX_LOOKUPS_AT_ONCE)


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Ask the system for every address of a name, in the order to try them (RFC 6724).

    Raises:
        OSError: the name has none just now.
        UnicodeError: the name cannot be asked for.
    """
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(sockaddr[0]) for *_, sockaddr in answers]


def resolve_within(resolve: Resolver, host: str, port: int, deadline: Deadline) -> Sequence[str]:
    """Call `resolve` once, and wait no longer than the deadline.

    Raises:
        FetchTimedOut: no answer in time.
        FetchFailed: the name has no address.
    """
    if not _lookups.acquire(timeout=deadline.cap_seconds(float("inf"))):
        raise FetchTimedOut("Too many names are being looked up. Try again later.")
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)
        finally:
            _lookups.release()

    threading.Thread(target=look_up, name="image-host-lookup", daemon=True).start()
    return _await_answer(answers, deadline)


def _await_answer(
    answers: "queue.SimpleQueue[Sequence[str] | Exception]", deadline: Deadline
) -> Sequence[str]:
    try:
        answer = answers.get(timeout=deadline.cap_seconds(float("inf")))
    except queue.Empty as error:
        raise FetchTimedOut("The host's name was not found in time. Try again later.") from error
    if isinstance(answer, Exception) or not answer:
        raise FetchFailed(
            "The host in the address was not found. Check the address, or try again later."
        ) from (answer if isinstance(answer, Exception) else None)
    return answer
