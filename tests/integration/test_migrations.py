"""Migrations go up, down and up again, and say what the tables say."""

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url

from cli.bootstrap import alembic_config, migrate
from scans.all_tables import Table
from scans.settings import Settings


@pytest.fixture
def empty_database(settings: Settings):
    """A database of its own on the same server."""
    server = create_engine(settings.database_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE migrations"))
    yield make_url(settings.database_url).set(database="migrations").render_as_string(False)
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE migrations WITH (FORCE)"))
    server.dispose()


def table_names(url: str) -> set[str]:
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_up_down_and_up_again(empty_database: str) -> None:
    migrate(empty_database)
    assert table_names(empty_database) == {*Table.metadata.tables, "alembic_version"}
    command.downgrade(alembic_config(empty_database), "base")
    assert table_names(empty_database) == {"alembic_version"}
    migrate(empty_database)
    command.check(alembic_config(empty_database))
