"""The worker that holds the clock, as a process of its own: killed, it leaves no clock behind."""

import os
import signal
import subprocess
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from cli.run import processes
from scans.settings import Settings
from tests.integration.service_kit import until

STOP_SECONDS = 30


def is_anyone_in(group: int) -> bool:
    """Whether a process of this group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_worker_takes_its_clock_with_it_and_one_that_is_told_to_ends_it(
    settings: Settings, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "NTF_CANARY_INTERVAL_SECONDS": "0.2",
        "NTF_MODEL_STORE_FOLDER": str(tmp_path / "models"),
    }
    for number in (signal.SIGKILL, signal.SIGTERM):
        log = tmp_path / f"log-{number}"
        with log.open("wb") as output:
            worker = subprocess.Popen(
                processes("127.0.0.1", 0)["retrain"][1:],
                env=environment,
                stderr=output,
                stdout=output,
                start_new_session=True,
            )
        until(lambda log=log: log.read_text().count('"canary_weighed"') > 2)
        worker.send_signal(number)
        assert worker.wait(STOP_SECONDS) == (-number if number == signal.SIGKILL else 0)
        assert not is_anyone_in(worker.pid)
