"""What a known image costs: how often PostgreSQL is spoken to, counted by its client library."""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from tests.pictures import as_jpeg, noise


class Connections:
    """All that our processes open from now on."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._opened = folder, list[Any]()

    def add(self, connection: Any, _: object) -> None:
        self._opened.append(connection.pgconn)

    def count_round_trips(self, act: Callable[[], object]) -> int:
        """During `act`: the server says that it is ready once for each (libpq's PQtrace)."""
        paths = [self._folder / str(at) for at in range(len(self._opened))]
        with ExitStack() as files:
            for connection, path in zip(self._opened, paths, strict=True):
                connection.trace(files.enter_context(path.open("wb")).fileno())
                files.callback(connection.untrace)
            act()
        return sum(path.read_bytes().count(b"ReadyForQuery") for path in paths)


@pytest.fixture
def connections(app: OpenAPI, tasks: ModuleType, tmp_path: Path) -> Iterator[Connections]:
    """Those that the web process and the worker have are closed before."""
    services, opened = app.extensions["ntf"], Connections(tmp_path)
    doors = [services.sessions, services.reads.sessions]
    doors += [tasks.tools.sessions(), tasks.tools.reads().sessions]
    engines = [door.kw["bind"] for door in doors]
    for engine in engines:
        engine.dispose()
        event.listen(engine, "connect", opened.add)
    yield opened
    for engine in engines:
        event.remove(engine, "connect", opened.add)


def upload(client: FlaskClient) -> TestResponse:
    content = as_jpeg(noise(71))
    return client.post("/v1/checks", data={"image": (io.BytesIO(content), "a.jpg")})


@pytest.fixture
def known_sha256(client: FlaskClient, tasks: ModuleType) -> str:
    """The hash of an image that has a verdict."""
    upload(client)
    assert tasks.fetch()
    assert tasks.detect_batch()
    return hashlib.sha256(as_jpeg(noise(71))).hexdigest()


def test_a_known_verdict_costs_one_round_trip(
    client: FlaskClient, connections: Connections, known_sha256: str
) -> None:
    address = f"/v1/verdicts?sha256={known_sha256}"
    answers = [client.get(address)]
    assert connections.count_round_trips(lambda: answers.append(client.get(address))) == 1
    bodies = [answer.get_json() for answer in answers]
    assert [body["status"] for body in bodies] == ["done", "done"]
    assert bodies[0]["verdict"]["score"] == bodies[1]["verdict"]["score"]


def test_an_unknown_one_costs_no_more(client: FlaskClient, connections: Connections) -> None:
    address = f"/v1/verdicts?sha256={'0' * 64}"
    assert client.get(address).status_code == 404
    assert connections.count_round_trips(lambda: client.get(address)) == 1


@pytest.mark.usefixtures("known_sha256")
def test_a_known_upload_costs_one_for_the_key_one_for_the_verdict_and_one_for_peoples_word(
    client: FlaskClient, connections: Connections
) -> None:
    assert upload(client).status_code == 200
    assert connections.count_round_trips(lambda: upload(client)) == 3


def test_a_new_check_costs_no_more_than_it_needs(
    client: FlaskClient, tasks: ModuleType, connections: Connections
) -> None:
    """Each transaction costs two round trips beside its statements.

    This picture's verdict is `uncertain`, so one of them asks people.
    """
    upload(client)
    while tasks.fetch() or tasks.detect_batch():
        pass  # all connections are open now
    content = as_jpeg(noise(72))
    form = {"image": (io.BytesIO(content), "a.jpg")}
    steps = {
        "request": lambda: client.post("/v1/checks", data=form),
        "fetch": tasks.fetch,
        "detect": tasks.detect_batch,
    }
    counts = {name: connections.count_round_trips(step) for name, step in steps.items()}
    # Whoever adds one here adds it to every check: see whether it can go into a statement that is
    # there.
    assert counts == {"request": 6, "fetch": 4, "detect": 11}


def test_looks_that_find_nothing_cost_little(
    tasks: ModuleType, connections: Connections, sessions: sessionmaker[Session]
) -> None:
    """After each step a worker looks whether there is more of it to do."""
    steps = (tasks.fetch, tasks.detect_batch, tasks.deliver_one, tasks.run_one_errand)
    for step in steps:
        assert not step()  # all connections are open now
    counts = [connections.count_round_trips(step) for step in steps]
    assert counts == [1, 4, 1, 1]


def test_a_lost_connection_is_replaced_without_a_word(
    app: OpenAPI, client: FlaskClient, known_sha256: str
) -> None:
    """As after a restart of PostgreSQL: nothing tests the connection before it is used."""
    address = f"/v1/verdicts?sha256={known_sha256}"
    assert client.get(address).status_code == 200
    end_connections(app.extensions["ntf"].sessions)
    assert client.get(address).status_code == 200


@pytest.mark.usefixtures("known_sha256")
def test_nor_does_a_lost_one_break_a_step_of_a_check(
    app: OpenAPI, client: FlaskClient, tasks: ModuleType
) -> None:
    """BEGIN finds it out, before anything is written."""
    sessions = app.extensions["ntf"].sessions
    end_connections(sessions)
    form = {"image": (io.BytesIO(as_jpeg(noise(73))), "a.jpg")}
    asked = client.post("/v1/checks", data=form).get_json()
    end_connections(sessions)
    assert tasks.fetch()
    end_connections(sessions)
    assert tasks.detect_batch()
    assert client.get(f"/v1/checks/{asked['id']}").get_json()["status"] == "done"


def end_connections(sessions: sessionmaker[Session]) -> None:
    """All that our processes have open, but the one that ends them."""
    with sessions.begin() as session:
        ended = session.connection().exec_driver_sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND application_name = 'ntf'"
        )
        assert ended.scalar_one() > 0
