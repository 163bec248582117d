"""Traces by setting: one from the request over the rows to all that is done for it, or none.

A trace crosses processes as a `traceparent` (W3C Trace Context) in the rows, beside the work that
it is of: so it outlives retries, restarts and lost messages. Where no collector is set, nothing of
OpenTelemetry is imported and nothing is written.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Literal, ParamSpec, Protocol, TypeVar

from scans.errors import SettingsInvalid
from scans.settings import Settings

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Kind = Literal["internal", "server", "client", "consumer"]
Fact = str | int | float | bool | None


class Span(Protocol):
    """One piece of work in a trace, while it goes on."""

    @property
    def traceparent(self) -> str:
        """What makes a later piece of work, in whatever process, a child of this one."""

    def note(self, **facts: Fact) -> None:
        """Note what is known by now; `None` is left out."""

    def fail(self, code: str) -> None:
        """Note that it failed, by an error's stable code."""


class Traces(Protocol):
    """Where spans go."""

    @property
    def are_on(self) -> bool:
        """Whether a collector is set."""

    def span(
        self,
        name: str,
        kind: Kind = "internal",
        *,
        parent: str | None = None,
        began_ns: int | None = None,
        **facts: Fact,
    ) -> AbstractContextManager[object]:
        """Work that begins with the block (or began then, in ns since 1970) and ends with it.

        Args:
            parent: a `traceparent` out of a row or a header; None: the span in course, if any.
        """

    def wrap(
        self, name: str, call: Callable[Arguments, Result], kind: Kind = "internal"
    ) -> Callable[Arguments, Result]:
        """The same call, as a span of its own."""

    def end(self) -> None:
        """Send what has not been sent, for a few seconds at most. Nothing is sent afterwards."""


# The span that this thread works in.
CURRENT: ContextVar[Span | None] = ContextVar("span", default=None)


def current_traceparent() -> str | None:
    """What a row that is made now should keep."""
    span = CURRENT.get()
    return span.traceparent if span is not None else None


def note(**facts: Fact) -> None:
    """Note something on the span in course, if there is one."""
    span = CURRENT.get()
    if span is not None:
        span.note(**facts)


def note_failure(code: str) -> None:
    """Note on the span in course, if there is one, that its work failed."""
    span = CURRENT.get()
    if span is not None:
        span.fail(code)


class NoTraces:
    """Where no collector is set: costs a call."""

    are_on = False

    def span(self, *_: object, **__: object) -> AbstractContextManager[object]:
        """Nothing."""
        return nullcontext()

    def wrap(
        self, _: str, call: Callable[Arguments, Result], __: Kind = "internal"
    ) -> Callable[Arguments, Result]:
        """The call itself."""
        return call

    def end(self) -> None:
        """Nothing."""


def open_traces(settings: Settings, service: str) -> Traces:
    """Traces as the operator set them; `service` is the name of this process among the others.

    Starts no thread and connects to nothing: the first span of a process does, so that a server may
    fork after this.

    Raises:
        SettingsInvalid: a collector is set, and OpenTelemetry is not installed.
    """
    if settings.traces_endpoint is None:
        return NoTraces()
    try:
        from scans.otlp_traces import OtlpTraces, make_provider  # noqa: PLC0415
    except ImportError as error:
        raise SettingsInvalid(
            "NTF_TRACES_ENDPOINT: OpenTelemetry is not installed "
            "(pip install --no-deps -r requirements/traces.txt)."
        ) from error
    endpoint, share = settings.traces_endpoint, settings.traces_share
    return OtlpTraces(lambda: make_provider(service, endpoint, share))
