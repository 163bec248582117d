"""Spans by OpenTelemetry's SDK, sent over OTLP/HTTP. Imported only where a collector is set."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from scans.traces import CURRENT, Fact, Kind

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
# Of one export, its repetitions included: a process that ends waits for no more than a few.
EXPORT_TIMEOUT_SECONDS = 3.0
KINDS: Mapping[Kind, SpanKind] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}
# OpenTelemetry's semantic conventions for HTTP.
CONVENTIONS = {
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
}
PROPAGATOR = TraceContextTextMapPropagator()


def make_provider(service: str, endpoint: str, share: float) -> TracerProvider:
    """What makes spans and sends them, in the background of this process.

    Whether a trace is kept is drawn once, where it begins; `traceparent` tells all the others.
    """
    resource = Resource.create(
        {"service.name": service, "service.namespace": "ntf", "process.pid": os.getpid()}
    )
    provider = TracerProvider(resource=resource, sampler=ParentBased(TraceIdRatioBased(share)))
    exporter = OTLPSpanExporter(endpoint.rstrip("/") + "/v1/traces", timeout=EXPORT_TIMEOUT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


class OtlpSpan:
    """One piece of work in a trace (`scans.traces.Span`)."""

    def __init__(self, span: trace.Span) -> None:
        self.span = span

    @property
    def traceparent(self) -> str:
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier, trace.set_span_in_context(self.span, Context()))
        return carrier["traceparent"]

    def note(self, **facts: Fact) -> None:
        self.span.set_attributes(name_facts(facts))

    def fail(self, code: str) -> None:
        self.span.set_status(StatusCode.ERROR, code)
        self.span.set_attribute("error.type", code)


class OtlpTraces:
    """Sends spans (`scans.traces.Traces`), through a provider that each process makes for itself.

    The provider has a thread, which no fork takes along, and which must not run while one forks.
    """

    are_on = True

    def __init__(self, make: Callable[[], TracerProvider]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._provider: TracerProvider | None = None
        self._pid = 0

    @contextmanager
    def span(
        self,
        name: str,
        kind: Kind = "internal",
        *,
        parent: str | None = None,
        began_ns: int | None = None,
        **facts: Fact,
    ) -> Iterator[OtlpSpan]:
        """See `scans.traces.Traces.span`. An error that leaves the block is noted by its class."""
        begun = (
            self._open_provider()
            .get_tracer("ntf")
            .start_span(
                name,
                context=find_context(parent),
                kind=KINDS[kind],
                start_time=began_ns,
                attributes=name_facts(facts),
            )
        )
        span = OtlpSpan(begun)
        token = CURRENT.set(span)
        trace_id = trace.format_trace_id(begun.get_span_context().trace_id)
        try:
            with structlog.contextvars.bound_contextvars(trace_id=trace_id):
                yield span
        except BaseException as error:
            # Its words may hold a stranger's address: those stay in the log.
            span.fail(str(getattr(error, "code", type(error).__name__)))
            raise
        finally:
            CURRENT.reset(token)
            begun.end()

    def wrap(
        self, name: str, call: Callable[Arguments, Result], kind: Kind = "internal"
    ) -> Callable[Arguments, Result]:
        """See `scans.traces.Traces.wrap`."""

        @wraps(call)
        def traced(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            with self.span(name, kind):
                return call(*args, **kwargs)

        return traced

    def end(self) -> None:
        """See `scans.traces.Traces.end`."""
        if self._provider is not None and self._pid == os.getpid():
            self._provider.shutdown()

    def _open_provider(self) -> TracerProvider:
        with self._lock:
            if self._provider is None or self._pid != os.getpid():
                self._provider, self._pid = self._make(), os.getpid()
            return self._provider


def find_context(parent: str | None) -> Context:
    """Where a new span belongs: to its parent in a row or header, else to the span in course.

    What is no `traceparent` is none: then a trace begins.
    """
    if parent is not None:
        return PROPAGATOR.extract({"traceparent": parent}, Context())
    current = CURRENT.get()
    if isinstance(current, OtlpSpan):
        return trace.set_span_in_context(current.span, Context())
    return Context()


def name_facts(facts: Mapping[str, Fact]) -> dict[str, str | int | float | bool]:
    """Facts as attributes: under the names of the conventions where those have one, else ours."""
    return {
        CONVENTIONS.get(key, f"ntf.{key}"): value
        for key, value in facts.items()
        if value is not None
    }
