"""No room in the image folder: uploads are refused, checks wait, and none is lost by it."""

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import BinaryIO

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from scans.image_store import FolderStore, Kind, told_when_full
from scans.keys import KeyHolder
from scans.queue import Claim, Step
from scans.settings import Settings
from scans.tables import Check, Image
from tests.integration.conftest import count_rows, make_key
from tests.integration.test_queue import claim, make_checks
from tests.pictures import as_jpeg, noise

Sessions = sessionmaker[Session]


class FullStore(FolderStore):
    """As on a full file system: the kernel refuses what is written."""

    @contextmanager
    def open_new(self, kind: Kind, name: str) -> Iterator[BinaryIO]:  # noqa: ARG002
        with told_when_full():
            raise OSError(errno.ENOSPC, "No space left on device")
        yield io.BytesIO()

    def ensure_room(self, _: int = 0) -> None:
        with told_when_full():
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def full_client(app: OpenAPI, settings: Settings, secret: str) -> Iterator[FlaskClient]:
    """A caller whose uploads find no room."""
    opened = app.extensions["ntf"]
    app.extensions["ntf"] = replace(opened, store=FullStore(settings.image_folder))
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    yield client
    app.extensions["ntf"] = opened


def test_an_upload_is_refused_with_when_to_come_again_and_leaves_no_row(
    full_client: FlaskClient, sessions: Sessions
) -> None:
    answer = full_client.post(
        "/v1/checks", data={"image": (io.BytesIO(as_jpeg(noise(0))), "a.jpg")}
    )
    assert (answer.status_code, answer.json["code"]) == (503, "storage_full")
    assert int(answer.headers["Retry-After"]) > 0
    assert count_rows(sessions, Check) == count_rows(sessions, Image) == 0


def test_hives_clients_are_told_in_their_own_words(
    full_client: FlaskClient, sessions: Sessions
) -> None:
    key = make_key(sessions, "tenant two", role="integration")
    answer = full_client.post(
        "/api/v2/task/sync",
        data={"media": (io.BytesIO(as_jpeg(noise(0))), "a.jpg")},
        headers={"Authorization": f"Token {key}"},
    )
    assert answer.status_code == 503
    assert "code" not in answer.json


@pytest.mark.parametrize("step", ["fetch", "detect"])
def test_a_check_waits_for_room_and_uses_up_no_try(
    tasks: ModuleType, sessions: Sessions, holder: KeyHolder, settings: Settings, step: Step
) -> None:
    store = FullStore(settings.image_folder)
    (check,) = make_checks(sessions, holder, 1)
    if step == "detect":
        with sessions.begin() as session:
            session.add(Image(sha256="0" * 64, byte_count=1))
            session.flush()
            session.execute(update(Check).values(status="detecting", image_sha256="0" * 64))

    def work(_: Claim) -> None:
        store.save("bytes", "ab12", b"one")

    for _ in range(settings.attempts_cap + 2):
        (claimed,) = claim(sessions, step)
        assert claimed.attempt == 1
        tasks.settle(step, claimed, work)
        assert claim(sessions, step) == []  # it waits
        with sessions.begin() as session:
            session.execute(update(Check).values(run_after=func.now()))
    with sessions.begin() as session:
        row = session.scalars(select(Check).where(Check.id == check.id)).one()
        assert (row.status, row.attempts) == ("queued" if step == "fetch" else "detecting", 0)


def test_nothing_is_looked_at_while_there_is_no_room_for_what_would_be_found(
    tasks: ModuleType,
    client: FlaskClient,
    sessions: Sessions,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.post("/v1/checks", data={"image": (io.BytesIO(as_jpeg(noise(0))), "a.jpg")})
    assert tasks.fetch()
    with monkeypatch.context() as full:
        full.setattr(tasks.tools, "store", lambda: FullStore(settings.image_folder))
        full.setattr(tasks, "look_at_images", None)  # a call would fail
        assert tasks.detect()
    with sessions.begin() as session:
        assert session.scalars(select(Check)).one().status == "detecting"
        session.execute(update(Check).values(run_after=func.now()))
    assert tasks.detect()
    with sessions.begin() as session:
        assert session.scalars(select(Check)).one().status == "done"
