"""Migrations go up, down and up again, and say what the tables say."""

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

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


FILL = """
INSERT INTO tenants (id, name)
    SELECT md5(n::text)::uuid, 'tenant ' || n FROM generate_series(1, 3) n;
INSERT INTO images (sha256, byte_count)
    SELECT lpad(n::text, 64, '0'), n FROM generate_series(1, 500) n;
INSERT INTO checks (id, tenant_id, subject, image_sha256, status, finished_at)
    SELECT md5('check' || n)::uuid, md5((n % 3 + 1)::text)::uuid, 'subject ' || n,
           lpad(n::text, 64, '0'), CASE WHEN n % 2 = 0 THEN 'done' ELSE 'queued' END,
           CASE WHEN n % 2 = 0 THEN now() END
    FROM generate_series(1, 500) n
"""
CONTENT = (
    "SELECT md5(string_agg(id::text || subject || status, '' ORDER BY id)), count(*) FROM checks"
)


@pytest.fixture
def filled_database(empty_database: str):
    """A database of the newest shape with rows in it, and a connection to it."""
    migrate(empty_database)
    engine = create_engine(empty_database)
    with engine.begin() as connection:
        connection.execute(text(FILL))
    yield empty_database, engine
    engine.dispose()


def test_rows_outlive_each_step_down_and_up_again(filled_database) -> None:
    url, engine = filled_database
    with engine.begin() as connection:
        before = connection.execute(text(CONTENT)).one()
    config = alembic_config(url)
    while current_revision(engine) != "0001":
        command.downgrade(config, "-1")
        with engine.begin() as connection:
            assert connection.execute(text(CONTENT)).one() == before
    migrate(url)
    command.check(config)
    with engine.begin() as connection:
        assert connection.execute(text(CONTENT)).one() == before


def current_revision(engine) -> str:
    with engine.begin() as connection:
        return connection.scalar(text("SELECT version_num FROM alembic_version"))


def test_a_migration_gives_up_on_a_lock_and_can_be_run_again(filled_database) -> None:
    """Someone who reads a table for long must not make all others wait behind a migration."""
    url, engine = filled_database
    config = alembic_config(url)
    with engine.begin() as reader:
        reader.execute(text("SELECT count(*) FROM checks"))
        with pytest.raises(OperationalError, match="lock timeout"):
            command.downgrade(config, "0001")
        with engine.begin() as other:
            assert other.scalar(text("SELECT count(*) FROM checks")) == 500
    command.downgrade(config, "0001")
    with engine.begin() as reader:
        reader.execute(text("SELECT count(*) FROM checks"))
        with pytest.raises(OperationalError, match="lock timeout"):
            migrate(url)
    migrate(url)
    command.check(config)
