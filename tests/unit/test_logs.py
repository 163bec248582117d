"""What stands in the log when something breaks."""

import json
import subprocess
import sys

BREAK = """
import logging
from scans.logs import set_up_logs

set_up_logs()
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("a library").critical("It broke", exc_info=True)
"""


def test_a_library_that_breaks_leaves_its_traceback() -> None:
    ended = subprocess.run([sys.executable, "-c", BREAK], capture_output=True, check=True)
    line = json.loads(ended.stderr)
    assert line["event"] == "It broke"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ZeroDivisionError: division by zero")
