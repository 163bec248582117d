"""A short chaos: the whole runs by `make chaos`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# Above what it gives itself, so that it ends by itself and takes its processes with it.
LIMIT_SECONDS = 900
CHECKS, KILLS = 150, 3


@pytest.mark.parametrize("broker", ["valkey", "rabbitmq"])
def test_nothing_is_lost_while_processes_are_killed(broker: str) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.chaos", "--checks", str(CHECKS)]
    done = subprocess.run(
        [*command, "--per-second", "5", "--most-kills", str(KILLS), "--broker", broker],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    last = done.stdout.splitlines()[-1]
    found = re.fullmatch(r"lost=0 doubled=0 webhooks_lost=0 kills=(\d+) checks=150", last)
    assert done.returncode == 0, done.stdout + done.stderr
    assert found is not None, last
    assert int(found[1]) > 0
