"""The rows are the queue: claims, leases, fencing, attempts."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session, sessionmaker

from scans.checks import WantedCheck, create_or_get
from scans.errors import LeaseLost
from scans.keys import KeyHolder
from scans.queue import (
    SECONDS_OF_URGENCY,
    URGENCIES,
    Claim,
    Step,
    advance_check,
    claim_checks,
    fail_check,
    fail_exhausted,
    put_back,
)
from scans.tables import Check, Image

Sessions = sessionmaker[Session]


def make_checks(sessions: Sessions, holder: KeyHolder, count: int, urgency: int = 0) -> list[Check]:
    """Each in a transaction of its own: within one, the clock of PostgreSQL stands still."""
    return [make_check(sessions, holder, urgency) for _ in range(count)]


def make_check(sessions: Sessions, holder: KeyHolder, urgency: int) -> Check:
    url = f"http://example.org/{uuid4()}"
    wanted = WantedCheck(holder.tenant_id, subject=url, url=url, urgency=urgency)
    with sessions.begin() as session:
        return create_or_get(session, wanted)[0]


def claim(sessions: Sessions, step: Step = "fetch", limit: int = 1) -> list[Claim]:
    with sessions.begin() as session:
        return claim_checks(session, step, limit=limit, lease_seconds=60, attempts_cap=3)


def image_of(sha256: str) -> Insert:
    return insert(Image).values(sha256=sha256, byte_count=1)


def expire_leases(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.execute(update(Check).values(lease_until=func.now() - timedelta(seconds=1)))


def test_oldest_first_and_the_more_urgent_before_it(sessions: Sessions, holder: KeyHolder) -> None:
    backfill = make_checks(sessions, holder, 2, urgency=URGENCIES["backfill"])
    moderation = make_checks(sessions, holder, 1, urgency=URGENCIES["moderation"])
    interactive = make_checks(sessions, holder, 2)
    expected = [check.id for check in (*interactive, *moderation, *backfill)]
    assert [claim(sessions)[0].check_id for _ in expected] == expected
    assert claim(sessions) == []


def test_nothing_starves_behind_what_is_more_urgent(sessions: Sessions, holder: KeyHolder) -> None:
    (old,) = make_checks(sessions, holder, 1, urgency=URGENCIES["backfill"])
    age_checks(sessions, seconds=2 * SECONDS_OF_URGENCY + 1)
    make_checks(sessions, holder, 1)
    assert claim(sessions)[0].check_id == old.id


def test_whoever_waits_for_a_backfilled_check_moves_it_forward(
    sessions: Sessions, holder: KeyHolder
) -> None:
    make_checks(sessions, holder, 1, urgency=URGENCIES["moderation"])
    (wanted,) = make_checks(sessions, holder, 1, urgency=URGENCIES["backfill"])
    again = WantedCheck(holder.tenant_id, subject=wanted.subject, url=wanted.url)
    with sessions.begin() as session:
        assert create_or_get(session, again)[0].id == wanted.id
    assert claim(sessions)[0].check_id == wanted.id


def age_checks(sessions: Sessions, seconds: float) -> None:
    with sessions.begin() as session:
        session.execute(update(Check).values(due_at=Check.due_at - timedelta(seconds=seconds)))


def test_many_workers_never_claim_the_same_check(sessions: Sessions, holder: KeyHolder) -> None:
    made = {check.id for check in make_checks(sessions, holder, 60)}
    claimed: list[Claim] = []
    start = threading.Barrier(6)

    def work() -> None:
        start.wait()
        while taken := claim(sessions, limit=3):
            assert len(taken) <= 3
            claimed.extend(taken)

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(claimed) == len(made)
    assert {one.check_id for one in claimed} == made


def test_who_lost_the_lease_can_no_longer_write(sessions: Sessions, holder: KeyHolder) -> None:
    (check,) = make_checks(sessions, holder, 1)
    (frozen,) = claim(sessions)
    expire_leases(sessions)
    (other,) = claim(sessions)
    assert (other.check_id, other.attempt) == (check.id, 2)
    for write in (
        lambda session: fail_check(session, frozen, "code", "message"),
        lambda session: put_back(session, frozen, "fetch", delay_seconds=0),
        lambda session: advance_check(session, frozen, image_of("0" * 64)),
    ):
        with pytest.raises(LeaseLost), sessions.begin() as session:
            write(session)
    with sessions.begin() as session:
        assert session.scalars(select(Image)).all() == []
        fail_check(session, other, "image_gone", "It is gone.")
        assert session.get_one(Check, check.id).status == "failed"


def test_an_image_is_locked_before_its_check(sessions: Sessions, holder: KeyHolder) -> None:
    """As an erasure does it: in another order the two could lock each other out."""
    (check,) = make_checks(sessions, holder, 1)
    (taken,) = claim(sessions)
    with sessions.begin() as session:
        session.execute(image_of("a" * 64))
    kept = image_of("a" * 64).on_conflict_do_update(
        index_elements=["sha256"], set_={"byte_count": 2}
    )

    def advance() -> None:
        with sessions.begin() as session:
            advance_check(session, taken, kept)

    worker = threading.Thread(target=advance)
    with sessions.begin() as session:
        session.execute(select(Image.sha256).with_for_update())
        worker.start()
        with sessions.begin() as watching:
            while not count_waiting_for_locks(watching):
                worker.join(0.01)
        held = select(Check.id).where(Check.id == check.id).with_for_update(nowait=True)
        assert session.scalar(held) == check.id
    worker.join()
    with sessions.begin() as session:
        assert session.get_one(Check, check.id).status == "detecting"
        assert session.get_one(Image, "a" * 64).byte_count == 2


def count_waiting_for_locks(session: Session) -> int:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    return session.scalar(text(waiting)) or 0


def test_a_check_that_was_put_back_waits_its_time(sessions: Sessions, holder: KeyHolder) -> None:
    make_checks(sessions, holder, 1)
    (taken,) = claim(sessions)
    with sessions.begin() as session:
        put_back(session, taken, "fetch", delay_seconds=3600)
    assert claim(sessions) == []
    with sessions.begin() as session:
        session.execute(update(Check).values(run_after=func.now()))
    assert claim(sessions)[0].attempt == 2


def test_a_check_that_kills_its_workers_ends_after_the_cap(
    sessions: Sessions, holder: KeyHolder
) -> None:
    make_checks(sessions, holder, 1)
    for _ in range(3):
        assert len(claim(sessions)) == 1
        with sessions.begin() as session:
            assert fail_exhausted(session, attempts_cap=3) == 0
        expire_leases(sessions)
    assert claim(sessions) == []
    with sessions.begin() as session:
        assert fail_exhausted(session, attempts_cap=3) == 1
        ended = session.scalars(select(Check)).one()
        assert (ended.status, ended.error_code) == ("failed", "gave_up")


def test_two_callers_at_once_share_one_open_check(sessions: Sessions, holder: KeyHolder) -> None:
    wanted = WantedCheck(holder.tenant_id, subject="http://example.org/", url="http://example.org/")
    answers: list[tuple[object, bool]] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        with sessions.begin() as session:
            check, is_new = create_or_get(session, wanted)
            answers.append((check.id, is_new))

    callers = [threading.Thread(target=ask) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len({check_id for check_id, _ in answers}) == 1
    assert sum(is_new for _, is_new in answers) == 1
