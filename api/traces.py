"""A span for each request: the root of all that is done for it, unless its caller has one."""

from contextlib import ExitStack

from flask import Flask, Response, g, request

from scans.traces import CURRENT, Traces

# Asked for every few seconds, by machines.
UNTRACED = ("/healthz", "/readyz", "/metrics", "/static/")


def trace_requests(app: Flask, traces: Traces, *, trust_callers: bool) -> None:
    """Trace each request, named by its route; never by its address, which may tell of an image.

    Args:
        trust_callers: whether a caller's `traceparent` says where the trace begins, and is sampled.
    """
    if not traces.are_on:
        return

    @app.before_request
    def begin() -> None:
        if request.path.startswith(UNTRACED):
            return
        g.trace = ExitStack()
        g.trace.enter_context(
            traces.span(
                name_of_request(),
                "server",
                parent=request.headers.get("traceparent") if trust_callers else None,
                method=request.method,
                route=request.url_rule.rule if request.url_rule else None,
                request_id=g.request_id,
            )
        )

    @app.after_request
    def note_answer(response: Response) -> Response:
        span = CURRENT.get()
        if "trace" in g and span is not None:
            span.note(status=response.status_code)
            if response.status_code >= 500:
                span.fail(str(response.status_code))
        return response

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        trace: ExitStack | None = g.pop("trace", None)
        if trace is not None:
            trace.close()


def name_of_request() -> str:
    """`POST /v1/checks`; of an address that is no route, the method alone."""
    return f"{request.method} {request.url_rule.rule}" if request.url_rule else request.method
