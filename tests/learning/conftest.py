"""Real PostgreSQL and Valkey, and a live model of made pictures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from ntf.predictor import read_info
from scans.models import make_live
from tests.integration.conftest import sessions as rows
from tests.integration.conftest import settings, store
from tests.learning.kit import write_model
from worker.model_facts import model_facts

__all__ = ["rows", "settings", "store"]


@pytest.fixture(scope="session")
def live_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that knows rows and misses red."""
    return write_model(tmp_path_factory.mktemp("made"))


@pytest.fixture
def sessions(
    rows: sessionmaker[Session],
    live_model: Path,
) -> Iterator[sessionmaker[Session]]:
    """Empty tables, but for the live model."""
    empty(rows)
    with rows.begin() as session:
        make_live(session, model_facts(read_info(live_model)))
    yield rows
    empty(rows)


def empty(rows: sessionmaker[Session]) -> None:
    with rows.begin() as session:
        session.execute(text("TRUNCATE model_versions CASCADE"))
