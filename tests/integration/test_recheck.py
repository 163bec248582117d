"""What an older model judged is judged again at leisure, once, and for each tenant by itself."""

import io
from types import ModuleType
from typing import Any
from uuid import uuid4

from click.testing import CliRunner
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import Session, sessionmaker

from cli.main import main
from scans.queue import URGENCIES
from scans.recheck import recheck_stale
from scans.tables import Check, Image, ModelVersion, PixelScore, Table, Verdict
from tests.integration.conftest import make_key
from tests.pictures import as_jpeg, noise

Sessions = sessionmaker[Session]


def judge(client: FlaskClient, tasks: ModuleType, seed: int, **fields: str) -> None:
    form = {"image": (io.BytesIO(as_jpeg(noise(seed))), "a.jpg"), **fields}
    assert client.post("/v1/checks", data=form).status_code == 202
    tasks.fetch()
    tasks.detect()


def columns_of(row: Table) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).columns}


def make_stale(sessions: Sessions) -> None:
    """As if another model had given all verdicts that there are."""
    older = f"older-{uuid4().hex}"
    with sessions.begin() as session:
        live = session.scalars(select(ModelVersion).where(ModelVersion.is_live)).one()
        session.add(ModelVersion(**columns_of(live) | {"version": older, "is_live": False}))
        session.flush()
        for score in session.scalars(select(PixelScore)).all():
            session.add(PixelScore(**columns_of(score) | {"model_version": older}))
        session.flush()
        session.execute(update(Verdict).values(model_version=older))


def recheck(sessions: Sessions, limit: int = 10) -> int:
    with sessions.begin() as session:
        return recheck_stale(session, days=30, limit=limit)


def test_stale_verdicts_are_judged_again_once_behind_all_others(
    client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    judge(client, tasks, 81)
    judge(client, tasks, 82, taken_from_screen="true")
    assert recheck(sessions) == 0  # the live model has judged them
    make_stale(sessions)
    assert [recheck(sessions, limit=1) for _ in range(3)] == [1, 1, 0]
    with sessions.begin() as session:
        waiting = session.scalars(select(Check).where(Check.status == "queued")).all()
        assert {check.urgency for check in waiting} == {URGENCIES["backfill"]}
        assert sorted(check.is_from_screen for check in waiting) == [False, True]
    for _ in range(2):
        tasks.fetch()
        tasks.detect()
    assert recheck(sessions) == 0
    with sessions.begin() as session:
        verdicts = select(Verdict.model_version, func.count()).group_by(Verdict.model_version)
        counts = [count for _, count in session.execute(verdicts)]
    assert counts == [2, 2]  # the old ones stay as they were


def test_what_is_gone_or_too_old_is_left_and_each_tenant_has_its_own(
    app: OpenAPI, client: FlaskClient, tasks: ModuleType, sessions: Sessions
) -> None:
    stranger = app.test_client()
    stranger.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {make_key(sessions, 'tenant two')}"
    for seed in (83, 84, 85):
        judge(client, tasks, seed)
    judge(stranger, tasks, 83)
    make_stale(sessions)
    with sessions.begin() as session:
        old, gone = session.scalars(select(Check).where(Check.url.is_(None)).limit(3)).all()[1:]
        old.finished_at = func.now() - func.make_interval(0, 0, 0, 31)
        image = session.get_one(Image, gone.image_sha256)
        image.bytes_removed_at = func.now()
    done = CliRunner().invoke(main, ["recheck"])
    assert (done.exit_code, done.output) == (0, "2 checks are queued.\n")
    assert recheck(sessions) == 0
