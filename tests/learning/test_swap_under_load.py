"""Ten thousand checks while the live model is swapped and put back: none lost, none mixed."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, sessionmaker

from cli.run import processes
from images.hashes import pixels_sha256, sha256_hex
from ntf.predictor import Predictor, read_info
from scans.image_store import ImageStore
from scans.keys import create_tenant_with_person
from scans.model_store import ModelStore
from scans.models import add_candidate, find_live_version, promote, roll_back
from scans.settings import Settings
from scans.tables import Check, Image, PixelScore, Verdict
from tests.learning.kit import picture, write_another
from tests.pictures import as_png
from worker.model_facts import model_facts

pytestmark = pytest.mark.retraining
Sessions = sessionmaker[Session]
# Ten thousand take nine minutes on two cores: NTF_TEST_CHECKS=10000, by hand.
CHECKS = int(os.environ.get("NTF_TEST_CHECKS", "1500"))
PICTURES, WORKERS = 60, 2
PATIENCE_SECONDS = 1200
KINDS = ("photograph", "rows", "red")


@pytest.fixture
def other(settings: Settings, sessions: Sessions, live_model: Path) -> str:
    """A second model in the store, as retraining leaves it."""
    models = ModelStore(settings.models_folder)
    version = write_another(live_model, models.folder)
    with sessions.begin() as session:
        add_candidate(
            session,
            model_facts(read_info(models.path_of(version))),
            learned_from=find_live_version(session) or "",
            stored_sha256=models.digest_of(version),
        )
    return version


@pytest.fixture
def views(sessions: Sessions, store: ImageStore) -> list[str]:
    """The checks that wait to be fetched, of sixty pictures. Returns the pixels' hashes."""
    contents = [as_png(picture(KINDS[at % 3], 3000 + at)) for at in range(PICTURES)]
    hashes = [sha256_hex(content) for content in contents]
    for sha256, content in zip(hashes, contents, strict=True):
        store.save("bytes", sha256, content)
    with sessions.begin() as session:
        tenant_id = create_tenant_with_person(session, "tenant one", "someone").tenant_id
        session.execute(
            insert(Image),
            [
                {"sha256": sha256, "byte_count": len(content)}
                for sha256, content in zip(hashes, contents, strict=True)
            ],
        )
        session.execute(
            insert(Check),
            [
                {
                    "tenant_id": tenant_id,
                    "subject": f"check {number}",
                    "image_sha256": hashes[number % PICTURES],
                }
                for number in range(CHECKS)
            ],
        )
    return [pixels_sha256(picture(KINDS[at % 3], 3000 + at)) for at in range(PICTURES)]


@pytest.fixture
def workers(
    sessions: Sessions, views: list[str], live_model: Path, tmp_path: Path
) -> Iterator[None]:
    """Real worker processes, as `ntf run` starts them; they end as they do in operation."""
    environment = os.environ | {
        "NTF_MODEL_PATH": str(live_model),
        "NTF_DETECTOR_THREADS": "1",
        "NTF_SWEEP_INTERVAL_SECONDS": "1",
        "NTF_DECODE_TIMEOUT_SECONDS": "60",
    }
    with ExitStack() as stack:
        started = []
        for number in range(WORKERS):
            log = stack.enter_context((tmp_path / f"worker-{number}.log").open("ab"))
            command = [*processes("127.0.0.1", 0)["worker"][1:], "--hostname", f"w{number}@%h"]
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        yield
        for worker in started:
            worker.send_signal(signal.SIGTERM)
        assert [worker.wait(120) for worker in started] == [0] * WORKERS


def count_ended(sessions: Sessions) -> int:
    with sessions.begin() as session:
        query = select(func.count()).where(Check.status.in_(("done", "failed")))
        return session.scalar(query) or 0


def wait_for(sessions: Sessions, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while count_ended(sessions) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_no_check_is_lost_or_mixed_in_two_swaps(
    sessions: Sessions,
    other: str,
    views: list[str],
    workers: None,
    live_model: Path,
    settings: Settings,
) -> None:
    wait_for(sessions, CHECKS // 3)
    with sessions.begin() as session:
        promote(session, other, {"reason": "the test"})
    wait_for(sessions, CHECKS * 2 // 3)
    with sessions.begin() as session:
        roll_back(session, "the test")
    wait_for(sessions, CHECKS)

    detectors = [
        Predictor.load(folder)
        for folder in (live_model, ModelStore(settings.models_folder).path_of(other))
    ]
    truth = {
        (view, detector.info.version): detector.predict([picture(KINDS[at % 3], 3000 + at)])[0]
        for at, view in enumerate(views)
        for detector in detectors
    }
    thresholds = {detector.info.version: detector.info for detector in detectors}
    with sessions.begin() as session:
        assert session.scalar(select(func.count()).where(Check.status == "failed")) == 0
        verdicts = session.scalars(select(Verdict)).all()
        scores = session.scalars(select(PixelScore)).all()
        assert len(verdicts) == CHECKS
        by_version = dict.fromkeys(thresholds, 0)
        for verdict in verdicts:
            by_version[verdict.model_version] += 1
            said, info = (
                truth[verdict.pixels_sha256, verdict.model_version],
                thresholds[verdict.model_version],
            )
            assert verdict.raw_score == pytest.approx(said.raw_score, abs=1e-6)
            assert verdict.threshold_version == info.threshold_version
            assert (verdict.label == "likely_ai") == (verdict.raw_score >= info.likely_ai_at)
        for score in scores:
            said = truth[score.pixels_sha256, score.model_version]
            assert score.raw_score == pytest.approx(said.raw_score, abs=1e-6)
            assert score.trace_distance == pytest.approx(said.trace_distance, abs=1e-6)
    # Both judged a good part, and they do not say the same.
    assert min(by_version.values()) > CHECKS // 10
    first, second = thresholds
    assert any(
        abs(truth[view, first].raw_score - truth[view, second].raw_score) > 1e-3 for view in views
    )
