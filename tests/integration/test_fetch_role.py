"""The database role of the fetching workers can do their work, and nothing else."""

import io
from collections.abc import Iterator
from types import ModuleType

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session, sessionmaker

from cli.main import main
from images.errors import HostBusy
from scans.all_tables import Table
from scans.database import Reads, open_sessions
from scans.fetched_urls import find_fetched, remember_fetched
from scans.keys import KeyHolder
from scans.queue import claim_checks, fail_check, fail_exhausted, put_back
from scans.settings import Settings
from tests.integration.conftest import close_connections
from tests.integration.test_queue import make_checks
from tests.pictures import as_jpeg, noise
from worker.shared_turns import SharedTurns

Sessions = sessionmaker[Session]
ROLE = "ntf_fetch_of_tests"
OPEN_TABLES = {"fetched_urls", "host_turns"}


@pytest.fixture(scope="module")
def role_url(settings: Settings) -> str:
    """The address with the role that `ntf migrate` makes; a second time changes nothing."""
    url = make_url(settings.database_url).set(username=ROLE, password="secret")
    address = url.render_as_string(hide_password=False)
    for _ in range(2):
        result = CliRunner().invoke(main, ["migrate"], env={"NTF_FETCH_DATABASE_URL": address})
        assert result.exit_code == 0, result.output
    return address


@pytest.fixture
def as_role(role_url: str, sessions: Sessions) -> Iterator[Sessions]:
    role_sessions = open_sessions(role_url)
    yield role_sessions
    close_connections(role_sessions)


@pytest.fixture
def role_reads(role_url: str) -> Iterator[Reads]:
    role_reads = Reads(role_url)
    yield role_reads
    close_connections(role_reads.sessions)


def test_a_worker_with_it_brings_a_check_to_the_detector(
    client: FlaskClient,
    tasks: ModuleType,
    as_role: Sessions,
    role_reads: Reads,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = io.BytesIO(as_jpeg(noise(41)))
    asked = client.post("/v1/checks", data={"image": (file, "a")}).json
    with monkeypatch.context() as patched:
        patched.setattr(tasks.tools, "sessions", lambda: as_role)
        patched.setattr(tasks.tools, "reads", lambda: role_reads)
        tasks.tools.fetch_tools.cache_clear()
        assert tasks.fetch()
    tasks.tools.fetch_tools.cache_clear()
    assert client.get(f"/v1/checks/{asked['id']}").json["status"] == "detecting"
    tasks.detect()
    assert client.get(f"/v1/checks/{asked['id']}").json["status"] == "done"


def test_it_can_end_put_back_and_give_up(
    sessions: Sessions, as_role: Sessions, holder: KeyHolder
) -> None:
    make_checks(sessions, holder, 3)
    with as_role.begin() as session:
        first, second, _ = claim_checks(
            session, "fetch", limit=3, lease_seconds=0.0, attempts_cap=3
        )
        fail_check(session, first, "not_an_image", "It is none.")
        put_back(session, second, "fetch", delay_seconds=60)
    with as_role.begin() as session:
        assert fail_exhausted(session, attempts_cap=1) == 1
    with sessions.begin() as session:
        statuses = session.scalars(text("SELECT status FROM checks ORDER BY status"))
        assert list(statuses) == ["failed", "failed", "queued"]


def test_it_can_remember_addresses_and_share_turns(
    as_role: Sessions, role_reads: Reads, sessions: Sessions
) -> None:
    digest = "a" * 64
    with sessions.begin() as session:
        session.execute(text(f"INSERT INTO images (sha256, byte_count) VALUES ('{digest}', 1)"))
    for etag in ("one", "two"):
        with as_role.begin() as session:
            remember_fetched(
                session, "u", image_sha256=digest, final_url="u", etag=etag, last_modified=None
            )
    with as_role.begin() as session:
        row = find_fetched(session, "u")
    assert row is not None
    assert row.etag == "two"
    turns = SharedTurns(role_reads, requests_per_second=10)
    turns.pause("photos.example", 60)
    with pytest.raises(HostBusy):
        turns.take("photos.example", 1)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT secret_sha256 FROM api_keys",
        "INSERT INTO api_keys (id) VALUES (gen_random_uuid())",
        "UPDATE api_keys SET role = 'admin'",
        "SELECT name FROM people",
        "SELECT name FROM tenants",
        "SELECT label FROM verdicts",
        "UPDATE verdicts SET label = 'no_evidence'",
        "INSERT INTO pixel_scores (pixels_sha256) VALUES ('a')",
        "SELECT version FROM model_versions",
        "SELECT subject FROM checks",
        "SELECT sealed_secret FROM webhook_endpoints",
        "SELECT payload FROM webhook_events",
        "UPDATE webhook_endpoints SET url = url",
        "UPDATE checks SET tenant_id = tenant_id",
        "INSERT INTO checks (id) VALUES (gen_random_uuid())",
        "DELETE FROM checks",
        "SELECT provenance FROM images",
        "DELETE FROM images",
        "TRUNCATE host_turns",
        "CREATE TABLE mine (id int)",
        "CREATE ROLE other",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY host_turns TO PROGRAM 'true'",
    ],
)
def test_it_can_do_nothing_else(as_role: Sessions, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), as_role.begin() as session:
        session.execute(text(statement))


@pytest.mark.parametrize("table", sorted(Table.metadata.tables))
def test_a_table_that_is_not_listed_is_closed(as_role: Sessions, table: str) -> None:
    """For the tables that later releases add."""
    with as_role.begin() as session:
        may_read = session.scalar(text(f"SELECT has_table_privilege('{table}', 'SELECT')"))
        may_remove = session.scalar(text(f"SELECT has_table_privilege('{table}', 'DELETE')"))
    assert may_read == (table in OPEN_TABLES)
    assert may_remove == (table == "host_turns")
