"""Real PostgreSQL and Valkey from their wheels; the tables are emptied between tests."""

import os
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from psycopg.errors import DeadlockDetected
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from api.services import Services
from cli.bootstrap import migrate
from cli.embedded import embedded_postgresql, embedded_valkey
from ntf.predictor import SHIPPED, Predictor
from scans.all_tables import Table
from scans.database import Reads, open_sessions
from scans.image_store import FolderStore, ImageStore
from scans.keys import KeyHolder, create_key, create_tenant_with_person, recognise_key
from scans.settings import Settings, load_settings

if TYPE_CHECKING:
    from tests.integration.service_kit import Service

TINY_WEIGHTS = SHIPPED.with_name("ntf-tiny")


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A service's settings, with its servers running and its tables made."""
    root = tmp_path_factory.mktemp("service")
    with (
        embedded_postgresql(root / "postgresql") as database_url,
        embedded_valkey(root / "valkey") as broker_url,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("NTF_DATABASE_URL", database_url)
        environment.setenv("NTF_BROKER_URL", broker_url)
        environment.setenv("NTF_SECRET_KEY", "a secret that is only good for these tests")
        environment.setenv("NTF_IMAGE_FOLDER", str(root / "images"))
        environment.setenv("NTF_RETRY_DELAY_SECONDS", "0.01")
        # Nor does chance put anything into the moderators' queue.
        environment.setenv("NTF_REVIEW_SPOT_CHECK_SHARE", "0")
        # What the detector says is not what these tests are about.
        environment.setenv("NTF_MODEL_PATH", str(TINY_WEIGHTS))
        environment.setenv("NTF_DETECTOR_BACKEND", "onnx")
        settings = load_settings()
        migrate(settings.database_url)
        yield settings


@pytest.fixture
def sessions(settings: Settings) -> Iterator[sessionmaker[Session]]:
    sessions = open_sessions(settings.database_url)
    yield sessions
    # The worker of this process has made its model known once, so that table stays.
    emptied = [
        table.name for table in Table.metadata.sorted_tables if table.name != "model_versions"
    ]
    empty(sessions, emptied)
    close_connections(sessions)


@pytest.fixture
def reads(settings: Settings) -> Iterator[Reads]:
    reads = Reads(settings.database_url)
    yield reads
    close_connections(reads.sessions)


@pytest.fixture
def store(settings: Settings) -> ImageStore:
    return FolderStore(settings.image_folder)


@pytest.fixture
def secret(sessions: sessionmaker[Session]) -> str:
    """The key of one tenant's person."""
    return make_key(sessions, "tenant one")


@pytest.fixture
def holder(sessions: sessionmaker[Session], secret: str) -> KeyHolder:
    with sessions.begin() as session:
        return recognise_key(session, secret)


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[OpenAPI]:
    from api.app import create_app

    app = create_app(settings)
    yield app
    close_app(app)


@pytest.fixture
def client(app: OpenAPI, secret: str) -> FlaskClient:
    """A caller with tenant one's key."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return client


@pytest.fixture(scope="session")
def tasks(settings: Settings) -> Iterator[ModuleType]:
    """The worker's tasks, imported when the environment is ready for them."""
    assert os.environ["NTF_DATABASE_URL"]
    from worker import tasks

    yield tasks
    close_connections(tasks.tools.sessions())
    close_connections(tasks.tools.reads().sessions)


def make_key(sessions: sessionmaker[Session], tenant: str, role: str = "reader") -> str:
    with sessions.begin() as session:
        person = create_tenant_with_person(session, tenant, "someone")
        return create_key(session, person, name="test", role=role)


def empty(sessions: sessionmaker[Session], tables: list[str], tries: int = 10) -> None:
    """Empty tables, again where a request that a test has left hanging holds one of them."""
    for left in reversed(range(tries)):
        try:
            with sessions.begin() as session:
                session.execute(text("TRUNCATE " + ", ".join(tables)))
            return
        except OperationalError as error:
            if not isinstance(error.orig, DeadlockDetected) or not left:
                raise


def close_app(app: OpenAPI) -> None:
    """Close what a web process of its own has open in the database."""
    services: Services = app.extensions["ntf"]
    close_connections(services.sessions)
    close_connections(services.reads.sessions)


def close_connections(sessions: sessionmaker[Session]) -> None:
    sessions.kw["bind"].dispose()


@pytest.fixture
def service(
    app: OpenAPI,
    sessions: sessionmaker[Session],
    store: ImageStore,
    settings: Settings,
    tasks: ModuleType,
) -> Iterator["Service"]:
    """The service on a real port, at work, with a detector that goes by colours."""
    from tests.integration.service_kit import make_live_model, running_service

    info = Predictor.load(TINY_WEIGHTS).info
    make_live_model(sessions, info)
    with running_service(app, sessions, store, settings, info) as running:
        yield running


def count_rows(sessions: sessionmaker[Session], table: type[Table]) -> int:
    with sessions.begin() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
