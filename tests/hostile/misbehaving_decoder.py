"""A decoder in an attacker's hands: locked down like ours, it does what the file's text says."""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

import numpy as np

from images.decode_wire import Line
from images.lockdown import allow_cpu_seconds, lock_down

AGREED = json.loads(sys.argv[1])


def try_to(action: object) -> str:
    """The error's name, or "done"."""
    try:
        action()  # type: ignore[operator]
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return "done"


def answer(line: Line, content: bytes) -> None:
    """Do what the text says; `say` is the one way to tell the test something."""
    word, _, rest = content.decode().partition(" ")
    allow_cpu_seconds(AGREED["max_seconds"])

    def say(text: str) -> None:
        line.send({"error": "not_an_image", "message": text})

    match word:
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hang":
            time.sleep(600)
        case "spin":
            while True:
                pass
        case "drip":  # a good head, and then the pixels one by one
            line.send({"shapes": [[1000, 1000]], "media_type": "image/png", "limits": []})
            while True:
                os.write(0, b"\0")
                time.sleep(0.05)
        case "lie":
            line.send(json.loads(rest))
            time.sleep(600)
        case "connect":
            say(try_to(lambda: socket.create_connection(("127.0.0.1", int(rest)), 2).close()))
        case "write":
            say(try_to(lambda: Path(rest).write_bytes(b"x" * 10_000)))
        case "eat":
            say(try_to(lambda: np.empty(int(rest), np.uint8)))
        case "environment":
            say(" ".join(sorted(os.environ)))
        case "pid":
            say(str(os.getpid()))


def main() -> None:
    has_no_network = lock_down(AGREED["max_memory_bytes"])
    line = Line(socket.socket(fileno=os.dup(0)))
    line.send({"has_no_network": has_no_network})
    line.receive_bytes(line.receive_head()["bytes"])  # the trust list
    while True:
        answer(line, line.receive_bytes(line.receive_head()["bytes"]))


if __name__ == "__main__":
    main()
