"""One trace from a request to its webhook, over real processes, at a receiver that reads OTLP."""

import os
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from sqlalchemy.orm import Session, sessionmaker

from api.app import create_app
from cli.run import processes
from scans.queue import fail_exhausted
from scans.settings import Settings
from scans.tables import Check, WebhookEvent
from tests.integration.conftest import close_app, make_key
from tests.integration.service_kit import free_port, until
from tests.integration.test_broker_away import running_worker, upload, wait_until_done
from tests.pictures import as_jpeg, noise
from tests.receiver import Receiver

Sessions = sessionmaker[Session]
STOP_SECONDS = 20
CALLERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector(Receiver):
    """Takes spans as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        super().__init__()
        self.address = f"http://127.0.0.1:{self.port}"
        self._spans: list[tuple[dict[str, object], Span]] = []

    def spans(self) -> list[tuple[dict[str, object], Span]]:
        """Of all that came so far, each with what is said of its process."""
        while not self.received.empty():
            came = self.received.get()
            assert came.path == "/v1/traces"
            message = ExportTraceServiceRequest.FromString(came.body)
            for process in message.resource_spans:
                about = {one.key: value_of(one.value) for one in process.resource.attributes}
                for scope in process.scope_spans:
                    self._spans += [(about, span) for span in scope.spans]
        return self._spans

    def trace(self, trace_id: bytes) -> list[tuple[dict[str, object], Span]]:
        return [one for one in self.spans() if one[1].trace_id == trace_id]

    def named(self, name: str) -> list[Span]:
        return [span for _, span in self.spans() if span.name == name]


def value_of(value: object) -> object:
    """A value of whatever type."""
    return getattr(value, value.WhichOneof("value"))


def facts_of(span: Span) -> dict[str, object]:
    return {one.key: value_of(one.value) for one in span.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def image_port() -> Iterator[int]:
    """A host that breaks off its first answer, and shows a picture from then on."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if len(asked) > 1:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(as_jpeg(noise(0)))

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def running_api(log: Path, environment: dict[str, str]) -> Iterator[str]:
    """gunicorn by the product's own command line."""
    port = free_port()
    with log.open("wb") as output:
        api = subprocess.Popen(
            processes("127.0.0.1", port)["api"][1:], env=environment, stderr=output
        )
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: is_ready(address))
        yield address
    finally:
        api.terminate()
        api.wait(STOP_SECONDS)


def is_ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_trace_goes_from_the_request_over_retries_and_processes_to_the_webhook(
    settings: Settings,
    sessions: Sessions,
    collector: Collector,
    receiver: Receiver,
    image_port: int,
    tmp_path: Path,
    pool: str,
) -> None:
    key = make_key(sessions, "tenant one", role="integration")
    more = {
        "NTF_TRACES_ENDPOINT": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "NTF_ALLOW_PRIVATE_ADDRESSES": "true",
        "NTF_FETCH_PORTS": str(image_port),
        "NTF_WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true",
        "NTF_WEBHOOK_PORTS": str(receiver.port),
        "NTF_SWEEP_INTERVAL_SECONDS": "0.2",
    }
    with ExitStack() as stack:
        address = stack.enter_context(running_api(tmp_path / "api", {**os.environ, **more}))
        worker = stack.enter_context(running_worker(settings, tmp_path / "worker", pool, **more))
        caller = stack.enter_context(requests.Session())
        caller.headers["Authorization"] = f"Bearer {key}"
        caller.post(
            f"{address}/v1/webhooks", json={"url": receiver.url, "events": ["check.done"]}
        ).raise_for_status()
        asked = caller.post(
            f"{address}/v1/checks",
            json={"url": f"http://127.0.0.1:{image_port}/private.jpg"},
            headers={"traceparent": CALLERS},
        )
        receiver.received.get(timeout=60)
        until(lambda: bool(collector.named("deliver")))
    (request,) = collector.named("POST /v1/checks")
    assert facts_of(request)["ntf.check_id"] == asked.json()["id"]
    assert facts_of(request)["ntf.request_id"] == asked.headers["X-Request-Id"]
    assert facts_of(request)["http.response.status_code"] == 202
    assert request.trace_id.hex() not in CALLERS  # nobody has said that callers are trusted
    trace = collector.trace(request.trace_id)
    assert Counter(span.name for _, span in trace) == {
        "POST /v1/checks": 1,
        "fetch": 2,
        "get bytes": 2,
        "decode": 1,
        "read provenance": 1,
        "detect": 1,
        "deliver": 1,
        "post webhook": 1,
    }
    at_work = {about["process.pid"] for about, _ in trace if about["service.name"] == "ntf-worker"}
    assert (worker.pid in at_work) == (pool == "threads")
    spans = {span.name: span for _, span in trace}
    first, second = sorted(collector.named("fetch"), key=lambda span: span.start_time_unix_nano)
    assert first.status.code == Status.STATUS_CODE_ERROR
    assert facts_of(first)["error.type"] == "fetch_failed"
    assert [facts_of(one)["ntf.attempt"] for one in (first, second)] == [1, 2]
    assert {first.parent_span_id, second.parent_span_id} == {request.span_id}
    assert spans["decode"].parent_span_id == second.span_id
    assert spans["detect"].parent_span_id == request.span_id
    assert spans["deliver"].parent_span_id == spans["detect"].span_id
    assert spans["post webhook"].parent_span_id == spans["deliver"].span_id
    assert all("private.jpg" not in str(span) and key not in str(span) for _, span in trace)
    assert not collector.named("GET /readyz")


def test_a_collector_that_hangs_holds_up_neither_checks_nor_the_end_of_a_worker(
    settings: Settings, sessions: Sessions, client: FlaskClient, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        more = {
            "NTF_TRACES_ENDPOINT": f"http://127.0.0.1:{hanging.getsockname()[1]}",
            "NTF_SWEEP_INTERVAL_SECONDS": "0.2",
        }
        for count, pool in enumerate(("threads", "prefork"), 1):
            upload(client, count)
            with running_worker(settings, tmp_path / pool, pool, **more):
                wait_until_done(sessions, count)
                began = time.monotonic()
            assert time.monotonic() - began < 10


@pytest.fixture
def traced_client(
    settings: Settings, secret: str, collector: Collector
) -> Iterator[tuple[FlaskClient, Collector]]:
    """A caller of a web process that traces, and believes its callers."""
    app = create_app(
        settings.model_copy(
            update={"traces_endpoint": collector.address, "traces_trust_callers": True}
        )
    )
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    yield client, collector
    app.extensions["ntf"].traces.end()
    close_app(app)


def test_a_callers_trace_goes_on_where_callers_are_trusted(
    traced_client: tuple[FlaskClient, Collector], sessions: Sessions
) -> None:
    client, collector = traced_client
    body = {"url": "http://example.org/a.jpg"}
    assert client.post("/v1/checks", json=body, headers={"traceparent": CALLERS}).status_code == 202
    client.get("/nowhere", headers={"traceparent": CALLERS.replace("-01", "-00")})
    client.get("/v1/checks/not-an-id")
    client.application.extensions["ntf"].traces.end()
    (request,) = collector.named("POST /v1/checks")
    assert request.trace_id.hex() in CALLERS
    assert request.parent_span_id.hex() in CALLERS
    assert [span.name for _, span in collector.spans()] == ["POST /v1/checks", "GET"]
    with sessions.begin() as session:
        (row,) = session.query(Check)
        assert row.traceparent == f"00-{request.trace_id.hex()}-{request.span_id.hex()}-01"


def test_what_is_told_of_a_check_that_was_given_up_belongs_to_its_requests_trace(
    traced_client: tuple[FlaskClient, Collector], sessions: Sessions
) -> None:
    client, _ = traced_client
    client.environ_base["HTTP_AUTHORIZATION"] = (
        f"Bearer {make_key(sessions, 'tenant two', role='integration')}"
    )
    hook = {"url": "https://example.org/hook", "events": ["check.failed"]}
    assert client.post("/v1/webhooks", json=hook).status_code == 201
    client.post("/v1/checks", json={"url": "http://example.org/a.jpg"})
    with sessions.begin() as session:
        assert fail_exhausted(session, attempts_cap=0) == 1
    with sessions.begin() as session:
        (row,), (event,) = session.query(Check), session.query(WebhookEvent)
        assert event.traceparent == row.traceparent is not None
