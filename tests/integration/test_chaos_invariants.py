"""What the chaos counts: a lost, a doubled and a wrong check are seen."""

import os
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from scans.checks import WantedCheck, create_or_get, remember_bytes, subject_of_image
from scans.errors import ImageStoreFull
from scans.image_store import FolderStore, ImageStore
from scans.keys import KeyHolder
from scans.tables import Check
from tests.chaos.image_host import picture
from tests.chaos.invariants import (
    Findings,
    count_events,
    count_repeated_batches,
    examine,
    webhooks_lost,
)
from tests.chaos.small_disk import small_disk

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


def test_events_are_counted_by_their_fields_and_broken_lines_passed_over(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text(
        '{"event": "image_store_full", "step": "detect"}\n'
        '{"event": "image_store_full", "step": "fetch"}\n'
        '{"event": "step_done", "step": "detect", "after": "image_store_full"}\n'
        '{"event": "image_store_full", "st'
    )
    assert count_events([log], "image_store_full") == 2
    assert count_events([log], "image_store_full", step="detect") == 1


def test_a_small_disk_can_be_full_and_have_room_again(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    with small_disk(folder, checks=1) as disk:
        store = FolderStore(folder)
        store.save("bytes", "ab12", b"one")
        if disk is not None:
            store.ensure_room()
            disk.fill()
            with pytest.raises(ImageStoreFull):
                store.ensure_room()
            with pytest.raises(ImageStoreFull):
                store.save("bytes", "cd34", b"two")
            disk.make_room()
        store.save("bytes", "ab34", b"two")
    # Where one was mounted, it is gone, and all that was on it.
    assert (folder / "bytes").exists() == (disk is None)
    assert disk is not None or os.geteuid() != 0 or is_unprivileged()


def is_unprivileged() -> bool:
    """Whether even root may mount nothing here, as in a container."""
    status = Path("/proc/self/status").read_text()
    capabilities = int(status.split("CapEff:")[1].split()[0], 16)
    return not capabilities & 1 << 21  # CAP_SYS_ADMIN (capabilities(7))
