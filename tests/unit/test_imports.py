"""What the web process loads, seen from inside a process of its own."""

import subprocess
import sys

SCRIPT = """
import sys
import api.app
heavy = {"torch", "onnxruntime", "ntf", "numpy", "PIL", "celery.worker"} & set(sys.modules)
print(sorted(heavy))
"""


def test_the_web_process_loads_no_detector_and_no_decoder() -> None:
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
