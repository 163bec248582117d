"""`python -m tests.hostile [--port 8099]`: everything here, on loopback, for any client to try.

The port serves HTTP; the three after it serve TLS for another name, TLS with an expired
certificate, and DNS with a name that rebinds. With `--port 0` the system chooses.
"""

import argparse
import contextlib
import sys
import tempfile
import threading
from pathlib import Path

from tests.hostile.behaviours import BEHAVIOURS
from tests.hostile.certificates import Authority
from tests.hostile.hostile_server import HostileServer
from tests.hostile.name_server import NameServer

REBINDING_NAME = "rebind.example"
REBINDING_ANSWERS = [["93.184.215.14"], ["127.0.0.1"]]


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--port", type=int, default=8099)
    port = parser.parse_args().port
    plain, other_name, expired, names = range(port, port + 4) if port else (0, 0, 0, 0)
    with contextlib.ExitStack() as stack:
        authority = Authority(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        server = stack.enter_context(HostileServer(port=plain))
        other_tls = authority.server_context("other.example")
        other_server = stack.enter_context(HostileServer(other_tls, port=other_name))
        old_tls = authority.server_context("127.0.0.1", is_expired=True)
        old_server = stack.enter_context(HostileServer(old_tls, port=expired))
        name_server = stack.enter_context(
            NameServer({REBINDING_NAME: REBINDING_ANSWERS}, names, begins_again=True)
        )
        for path, behaviour in BEHAVIOURS.items():
            say(server.url(path), behaviour.__doc__)
        say(other_server.url("/image.png"), "TLS for another name.")
        say(old_server.url("/image.png"), "TLS with a certificate that ended in 2020.")
        say(
            f"dns://127.0.0.1:{name_server.port}/{REBINDING_NAME}",
            "A name that is public at one look-up and loopback at the next.",
        )
        say(authority.bundle_path, "The authority of both certificates.")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


def say(where: str, what: str | None) -> None:
    """One line of the list."""
    sys.stdout.write(f"{where:50} {what}\n")


if __name__ == "__main__":
    main()
