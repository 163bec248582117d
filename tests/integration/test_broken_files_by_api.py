"""The API over a folder of broken and hostile files, with the real worker and the shipped detector.

`NTF_BROKEN_FILES=1000` makes the folder as large as one likes.
"""

import gc
import io
import time
from collections import Counter
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ntf.predictor import SHIPPED
from scans.settings import Settings
from tests.hostile.test_check_of_broken_files import MAX_BYTES, Watcher, write_folder
from tests.integration.test_broker_away import running_worker
from tests.pictures import as_jpeg, noise

pytestmark = [
    pytest.mark.hostile,
    pytest.mark.slow,
    # An upload that is refused for its size leaves its temporary file to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
WAIT = {"Prefer": "wait=8"}


def ask(client: FlaskClient, content: bytes) -> TestResponse:
    return client.post("/v1/checks", data={"image": (io.BytesIO(content), "a")}, headers=WAIT)


def reason(answer: TestResponse) -> str:
    """What became of a file: judged, or the code of the refusal, which has a sentence."""
    body = answer.get_json()
    if answer.status_code != 200:
        assert body["detail"], body
        return str(body["code"])
    if body["status"] == "done":
        return "judged"
    assert body["error"]["message"], body
    return str(body["error"]["code"])


def test_every_upload_has_its_answer_in_time_and_in_memory(
    settings: Settings, client: FlaskClient, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    count = write_folder(folder)
    waits: list[tuple[float, str]] = []
    reasons: Counter[str] = Counter()
    with running_worker(settings, tmp_path / "log", NTF_MODEL_PATH=str(SHIPPED)) as worker:
        # What is timed begins when the detector is loaded.
        while ask(client, as_jpeg(noise(1))).status_code != 200:
            pass  # each answer is held up to eight seconds
        watcher = Watcher(worker.pid)
        for path in sorted(folder.iterdir()):
            started = time.monotonic()
            content = path.read_bytes()
            # An answer is held up to eight seconds; on a busy machine the check may take longer.
            while (answer := ask(client, content)).status_code == 202:
                pass
            reasons[reason(answer)] += 1
            waits.append((round(time.monotonic() - started, 2), path.name))
        watcher.stop()
    gc.collect()
    slowest = sorted(waits)[-3:]
    print(f"\n{count} files: {dict(reasons)}; slowest {slowest}; {dict(watcher.most_bytes)}")  # noqa: T201
    assert reasons.total() == count
    assert max(watcher.most_bytes.values()) < MAX_BYTES
