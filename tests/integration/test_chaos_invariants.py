"""What the chaos counts: a lost, a doubled and a wrong check are seen."""

from hashlib import sha256
from types import ModuleType

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from scans.checks import WantedCheck, create_or_get, remember_bytes, subject_of_image
from scans.image_store import ImageStore
from scans.keys import KeyHolder
from scans.tables import Check
from tests.chaos.image_host import picture
from tests.chaos.invariants import (
    Findings,
    count_repeated_batches,
    examine,
    webhooks_lost,
)

Sessions = sessionmaker[Session]
SEED = 7


@pytest.fixture
def taken(
    sessions: Sessions, holder: KeyHolder, store: ImageStore, tasks: ModuleType
) -> dict[str, int]:
    """Two checks that were judged, by their ids."""
    made = {}
    for number in range(2):
        content = picture(SEED, number)
        name = sha256(content).hexdigest()
        store.save("bytes", name, content)
        with sessions.begin() as session:
            remember_bytes(session, name, len(content))
            wanted = WantedCheck(holder.tenant_id, subject_of_image(name), image_sha256=name)
            made[str(create_or_get(session, wanted)[0].id)] = number
        tasks.fetch()
    tasks.detect()
    return made


def look(sessions: Sessions, taken: dict[str, int]) -> Findings:
    with sessions.begin() as session:
        return examine(session, taken, SEED, [])


def test_a_sound_run_has_nothing_to_tell(sessions: Sessions, taken: dict[str, int]) -> None:
    assert look(sessions, taken) == Findings(0, 0, 0, 0, 0, 0, {})


def test_a_check_without_a_row_or_without_an_end_is_lost(
    sessions: Sessions, taken: dict[str, int]
) -> None:
    assert look(sessions, taken | {"no such check": 2}).lost == 1
    with sessions.begin() as session:
        session.execute(update(Check).values(status="failed", error_code="gave_up"))
    found = look(sessions, taken)
    assert (found.lost, found.failed, found.orphaned) == (2, {"gave_up": 2}, 2)


def test_one_subject_with_two_verdicts_is_doubled(
    sessions: Sessions, taken: dict[str, int]
) -> None:
    with sessions.begin() as session:
        session.execute(update(Check).values(subject="the same"))
    assert look(sessions, taken).doubled == 1


def test_a_verdict_of_another_image_is_wrong(sessions: Sessions, taken: dict[str, int]) -> None:
    one, other = taken
    assert look(sessions, {one: taken[other], other: taken[other]}).wrong == 1


def test_a_batch_is_repeated_where_any_of_it_was_seen() -> None:
    assert count_repeated_batches([["a", "b"], ["c"], ["b", "d"], ["d", "a"]]) == 2


def test_a_webhook_is_lost_where_none_came_or_two_of_different_ids() -> None:
    once, again = ("msg_1", '{"check": "one"}'), ("msg_2", '{"check": "one"}')
    assert webhooks_lost([once, once], ["one"]) == 0
    assert webhooks_lost([], ["one"]) == 1
    assert webhooks_lost([once, again], ["one"]) == 1
