"""Spans as they are made; sending them is tried in `tests/integration/test_traces.py`."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import StatusCode

from images.errors import FetchTimedOut
from scans.checks import WantedCheck
from scans.otlp_traces import OtlpTraces
from scans.traces import NoTraces, current_traceparent, note, note_failure

CALLERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TENANT = UUID(int=1)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traces(exporter: InMemorySpanExporter) -> OtlpTraces:
    return keeping(exporter)


def keeping(exporter: InMemorySpanExporter, share: float = 1.0) -> OtlpTraces:
    def make() -> TracerProvider:
        provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(share)))
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        return provider

    return OtlpTraces(make)


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_a_row_made_in_a_span_lets_another_thread_go_on_with_its_trace(
    traces: OtlpTraces, exporter: InMemorySpanExporter
) -> None:
    with traces.span("POST /v1/checks", "server"):
        row = WantedCheck(TENANT, "subject").row()["traceparent"]

    def work() -> None:
        for attempt in (1, 2):
            with traces.span("fetch", "consumer", parent=row, attempt=attempt):
                pass

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    request, *tries = exporter.get_finished_spans()
    assert [one.attributes["ntf.attempt"] for one in tries] == [1, 2]
    assert {one.context.trace_id for one in tries} == {request.context.trace_id}
    assert {one.parent.span_id for one in tries} == {request.context.span_id}
    assert WantedCheck(TENANT, "subject").row()["traceparent"] is None


def test_a_span_within_a_span_is_its_child(
    traces: OtlpTraces, exporter: InMemorySpanExporter
) -> None:
    decode = traces.wrap("decode", len)
    with traces.span("fetch"):
        assert decode(b"abc") == 3
    spans = by_name(exporter)
    assert spans["decode"].parent.span_id == spans["fetch"].context.span_id


def test_facts_have_the_names_of_the_conventions_where_there_are_any(
    traces: OtlpTraces, exporter: InMemorySpanExporter
) -> None:
    with traces.span("request", method="GET", route=None):
        note(status=200, check_id="7")
    assert dict(by_name(exporter)["request"].attributes) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "ntf.check_id": "7",
    }


def test_an_error_is_noted_by_its_code_and_never_by_its_words(
    traces: OtlpTraces, exporter: InMemorySpanExporter
) -> None:
    with pytest.raises(FetchTimedOut), traces.span("get bytes"):
        raise FetchTimedOut("http://example.org/private.jpg took too long")
    with traces.span("fetch"):
        note_failure("fetch_timed_out")
    for span in exporter.get_finished_spans():
        assert span.status.status_code is StatusCode.ERROR
        assert span.attributes["error.type"] == FetchTimedOut.code
        assert "example.org" not in span.to_json()


def test_work_that_began_before_its_span_is_timed_from_there(
    traces: OtlpTraces, exporter: InMemorySpanExporter
) -> None:
    with traces.span("detect", began_ns=1_000):
        pass
    assert by_name(exporter)["detect"].start_time == 1_000


def test_whether_a_trace_is_kept_is_decided_where_it_begins() -> None:
    kept, dropped = InMemorySpanExporter(), InMemorySpanExporter()
    with keeping(dropped, share=0).span("request"):
        row = current_traceparent()
    assert row is not None
    with keeping(kept, share=1).span("fetch", parent=row):
        pass
    with keeping(kept, share=0).span("detect", parent=CALLERS):
        pass
    assert dropped.get_finished_spans() == ()
    assert [span.name for span in kept.get_finished_spans()] == ["detect"]


@pytest.mark.parametrize("broken", ["", "00-zz", CALLERS.replace("00-", "ff-"), "\r\n", "x" * 9999])
def test_what_is_no_traceparent_begins_a_trace(
    traces: OtlpTraces, exporter: InMemorySpanExporter, broken: str
) -> None:
    with traces.span("request", parent=broken):
        pass
    assert by_name(exporter)["request"].parent is None


def test_log_lines_name_the_trace(traces: OtlpTraces) -> None:
    with traces.span("fetch", parent=CALLERS):
        assert structlog.contextvars.get_contextvars()["trace_id"] == CALLERS.split("-")[1]
    assert "trace_id" not in structlog.contextvars.get_contextvars()


def test_a_process_makes_its_provider_with_its_first_span_and_a_forked_one_its_own() -> None:
    made: list[int] = []

    def make() -> TracerProvider:
        made.append(os.getpid())
        return TracerProvider()

    traces = OtlpTraces(make)
    assert made == []
    with traces.span("one"), traces.span("two"):
        pass
    assert made == [os.getpid()]
    traces._pid = -1  # as it is seen by a child
    traces.end()  # which must not send for its parent
    with traces.span("three"):
        pass
    assert made == [os.getpid()] * 2


def test_without_a_collector_nothing_is_done() -> None:
    traces = NoTraces()
    with traces.span("fetch", "consumer", parent=CALLERS, attempt=1):
        assert current_traceparent() is None
        note(check_id="7")
        note_failure("fetch_timed_out")
    assert traces.wrap("decode", len) is len
    traces.end()


SCRIPT = """
import sys
from scans.settings import load_settings
from api.app import create_app
app = create_app(load_settings())
assert app.test_client().get("/healthz").status_code == 200
import worker.tasks
worker.tasks.tools.traces()
import worker.may_start
worker.may_start.refuse_traces_that_cannot_be()
import threading
print("scans.otlp_traces" in sys.modules)
print([one.name for one in threading.enumerate() if "Otel" in one.name])
"""
# As where it is not installed. (Where it is, other libraries load parts of it by themselves.)
NOT_INSTALLED = 'import sys; sys.modules["opentelemetry"] = None\n'
ENVIRONMENT = {
    "NTF_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "NTF_BROKER_URL": "redis://127.0.0.1:1/0",
    "NTF_SECRET_KEY": "a secret that is only good for these tests",
}
ENDPOINT = {"NTF_TRACES_ENDPOINT": "http://127.0.0.1:1"}


def run_script(folder: Path, script: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run it in a process of its own."""
    environment = {**os.environ, **ENVIRONMENT, "NTF_IMAGE_FOLDER": str(folder), **more}
    return subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("before", ["", NOT_INSTALLED])
def test_without_a_collector_nothing_of_it_is_imported(tmp_path: Path, before: str) -> None:
    done = run_script(tmp_path, before + SCRIPT)
    assert done.stdout.splitlines() == ["False", "[]"], done.stderr


def test_with_a_collector_no_thread_is_started_before_the_first_span(tmp_path: Path) -> None:
    done = run_script(tmp_path, SCRIPT, **ENDPOINT)
    assert done.stdout.splitlines() == ["True", "[]"], done.stderr


@pytest.mark.parametrize(
    "begin",
    [
        "create_app(load_settings())",
        "import worker.may_start as w; w.refuse_traces_that_cannot_be()",
    ],
)
def test_a_collector_without_the_library_is_refused_at_the_start(
    tmp_path: Path, begin: str
) -> None:
    script = f"""{NOT_INSTALLED}
from api.app import create_app
from scans.settings import load_settings
{begin}
"""
    done = run_script(tmp_path, script, **ENDPOINT)
    assert done.returncode != 0
    assert "requirements/traces.txt" in done.stderr
