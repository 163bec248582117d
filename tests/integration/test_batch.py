"""A batch in the detector's worker: one look, each check by itself, a score with its verdict."""

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from images.hashes import pixels_sha256
from ntf.errors import DetectionFailed
from ntf.predictor import Prediction, Predictor
from scans.checks import WantedCheck, create_or_get, remember_decoded
from scans.database import Reads
from scans.errors import ImageNotStored, LeaseLost
from scans.image_store import ImageStore
from scans.keys import KeyHolder
from scans.models import make_live
from scans.pixel_store import save_pixels
from scans.queue import Claim, claim_checks
from scans.tables import Check, PixelScore, Verdict
from scans.verdict import ImageFacts
from tests.integration.conftest import TINY_WEIGHTS
from tests.pictures import noise
from worker.judge_images import JudgeTools, judge_image, look_at_images
from worker.model_facts import model_facts

Sessions = sessionmaker[Session]
BROKEN = 13


class CountingDetector:
    """The tiny detector; counts what it is given, and breaks on an image that begins with 13."""

    def __init__(self) -> None:
        self._predictor = Predictor.load(TINY_WEIGHTS)
        self.info = self._predictor.info
        self.batches: list[int] = []

    def predict(self, images: list[NDArray[np.uint8]]) -> list[Prediction]:
        self.batches.append(len(images))
        if any(image[0, 0, 0] == BROKEN for image in images):
            raise DetectionFailed("the detector broke")
        return self._predictor.predict(images)


@pytest.fixture
def detector(sessions: Sessions, tasks: ModuleType) -> CountingDetector:
    detector = CountingDetector()
    with sessions.begin() as session:
        make_live(session, model_facts(detector.info))
    return detector


@pytest.fixture
def tools(
    sessions: Sessions, reads: Reads, store: ImageStore, detector: CountingDetector
) -> JudgeTools:
    return JudgeTools(sessions, reads, store, load_detector=lambda: detector, spot_check_share=0)


def picture(number: int) -> NDArray[np.uint8]:
    pixels = noise(number)
    pixels[0, 0, 0] = number
    return pixels


def name_of(number: int) -> str:
    return pixels_sha256(picture(number))


@pytest.fixture
def add(sessions: Sessions, store: ImageStore, holder: KeyHolder) -> Callable[[int], Check]:
    """Makes a check of an image that is decoded already; equal numbers have equal pixels."""

    def add(number: int) -> Check:
        pixels = picture(number)
        sha256 = uuid4().hex * 2
        save_pixels(store, name_of(number), pixels)
        with sessions.begin() as session:
            kept = remember_decoded(
                sha256,
                byte_count=1,
                media_type="image/png",
                views_sha256=[name_of(number)],
                facts=ImageFacts(320, 240, ()),
                provenance=[],
                pdq=None,
            )
            session.execute(kept)
            wanted = WantedCheck(holder.tenant_id, subject=sha256, image_sha256=sha256)
            check, _ = create_or_get(session, wanted)
            check.status = "detecting"
        return check

    return add


def claim(sessions: Sessions, limit: int = 10) -> list[Claim]:
    with sessions.begin() as session:
        return claim_checks(session, "detect", limit=limit, lease_seconds=60, attempts_cap=9)


def expire_leases(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.execute(update(Check).values(lease_until=func.now() - timedelta(seconds=1)))


def statuses(sessions: Sessions) -> dict[object, str]:
    with sessions.begin() as session:
        return {check.id: check.status for check in session.scalars(select(Check))}


def count(sessions: Sessions, table: type[PixelScore] | type[Verdict]) -> int:
    with sessions.begin() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_one_bad_image_does_not_fail_its_neighbours(
    sessions: Sessions, tools: JudgeTools, detector: CountingDetector, add: Callable[[int], Check]
) -> None:
    good, bad, other = add(1), add(BROKEN), add(2)
    claims = claim(sessions)
    looked = look_at_images(claims, tools)
    for one in claims:
        if one.check_id == bad.id:
            with pytest.raises(DetectionFailed):
                judge_image(one, looked, tools)
        else:
            judge_image(one, looked, tools)
    assert detector.batches == [3, 1, 1, 1]
    assert statuses(sessions) == {good.id: "done", bad.id: "detecting", other.id: "done"}


def test_equal_pixels_in_one_batch_are_looked_at_once(
    sessions: Sessions, tools: JudgeTools, detector: CountingDetector, add: Callable[[int], Check]
) -> None:
    for number in (1, 1, 2, 1):
        add(number)
    claims = claim(sessions)
    looked = look_at_images(claims, tools)
    for one in claims:
        judge_image(one, looked, tools)
    assert detector.batches == [2]
    assert (count(sessions, PixelScore), count(sessions, Verdict)) == (2, 4)


def test_pixels_that_another_worker_looks_at_are_waited_for(
    sessions: Sessions, tools: JudgeTools, detector: CountingDetector, add: Callable[[int], Check]
) -> None:
    add(1)
    (first,) = claim(sessions)
    later, free = add(1), add(2)
    assert [one.check_id for one in claim(sessions)] == [free.id]
    judge_image(first, look_at_images([first], tools), tools)
    (second,) = claim(sessions)
    assert second.check_id == later.id
    judge_image(second, look_at_images([second], tools), tools)
    assert detector.batches == [1]


def test_a_score_is_kept_with_its_verdict_or_not_at_all(
    sessions: Sessions, tools: JudgeTools, add: Callable[[int], Check]
) -> None:
    add(1)
    (frozen,) = claim(sessions)
    looked = look_at_images([frozen], tools)
    expire_leases(sessions)
    (other,) = claim(sessions)
    with pytest.raises(LeaseLost):
        judge_image(frozen, looked, tools)
    assert (count(sessions, PixelScore), count(sessions, Verdict)) == (0, 0)
    judge_image(other, look_at_images([other], tools), tools)
    assert (count(sessions, PixelScore), count(sessions, Verdict)) == (1, 1)


def test_a_worker_that_wakes_up_after_its_lease_changes_nothing(
    sessions: Sessions, tools: JudgeTools, store: ImageStore, add: Callable[[int], Check]
) -> None:
    check = add(1)
    (frozen,) = claim(sessions)
    looked = look_at_images([frozen], tools)
    expire_leases(sessions)
    (other,) = claim(sessions)
    judge_image(other, look_at_images([other], tools), tools)
    with sessions.begin() as session:
        told = session.get_one(Verdict, check.id).created_at
    with pytest.raises(LeaseLost):
        judge_image(frozen, looked, tools)
    with sessions.begin() as session:
        assert session.get_one(Verdict, check.id).created_at == told


def test_pixels_that_are_gone_are_asked_for_again(
    sessions: Sessions, tools: JudgeTools, store: ImageStore, add: Callable[[int], Check]
) -> None:
    add(1)
    (one,) = claim(sessions)
    store.forget("pixels", name_of(1))
    looked = look_at_images([one], tools)
    with pytest.raises(ImageNotStored):
        judge_image(one, looked, tools)


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\1\0"])
def test_what_lies_under_the_name_of_other_pixels_is_not_looked_at(
    sessions: Sessions,
    tools: JudgeTools,
    store: ImageStore,
    detector: CountingDetector,
    add: Callable[[int], Check],
    content: bytes,
) -> None:
    add(1)
    (one,) = claim(sessions)
    if content:
        store.save("pixels", name_of(1), content)
    else:
        save_pixels(store, name_of(1), picture(2))
    looked = look_at_images([one], tools)
    with pytest.raises(ImageNotStored):
        judge_image(one, looked, tools)
    assert (detector.batches, count(sessions, PixelScore)) == ([], 0)


def test_bytes_are_taken_in_with_the_verdict_and_only_under_their_own_name(
    sessions: Sessions, tools: JudgeTools, store: ImageStore, add: Callable[[int], Check]
) -> None:
    add(1)
    (one,) = claim(sessions)
    looked = look_at_images([one], tools)
    store.save("incoming", one.image_sha256 or "", b"another image")
    with pytest.raises(ImageNotStored, match="something else"):
        judge_image(one, looked, tools)
    assert not store.has("bytes", one.image_sha256 or "")
    assert count(sessions, Verdict) == 0
