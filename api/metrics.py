"""Figures for Prometheus. What the service does is counted in the rows; requests are timed here.

With several web processes, set PROMETHEUS_MULTIPROC_DIR to an empty folder, as `ntf run` does:
then each process answers for all.
"""

import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector
from sqlalchemy.orm import Session, sessionmaker

from scans import health
from scans.checks import count_by_status
from scans.drift_rows import count_alarms
from scans.errands import count_errands
from scans.models import count_by_stage
from scans.queue import Step
from scans.tables import STATUSES
from scans.webhook_deliveries import count_by_state, oldest_due_seconds

REQUEST_SECONDS = Histogram(
    "ntf_http_request_seconds",
    "How long requests took, by route, method and status",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class RowCollector(Collector):
    """Counts from the rows, read when they are asked for."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What is known of checks, of webhooks, of models."""
        yield from self._collect_checks()
        yield from self._collect_webhooks()
        yield from self._collect_errands()
        yield from self._collect_models()

    def _collect_models(self) -> Iterator[GaugeMetricFamily]:
        """Models by stage, and whether what comes in drifts."""
        with self._sessions.begin() as session:
            stages, alarms = count_by_stage(session), count_alarms(session)
        yield gauge("ntf_models", "Model versions by stage", "stage", stages)
        yield GaugeMetricFamily(
            "ntf_drift_alarms", "Tenants whose images of this week or the last drift", alarms
        )

    def _collect_webhooks(self) -> Iterator[GaugeMetricFamily]:
        """Deliveries by state, and for how long the first of them has been due."""
        with self._sessions.begin() as session:
            counts, due_seconds = count_by_state(session), oldest_due_seconds(session)
        yield gauge("ntf_webhook_deliveries", "Webhook deliveries by state", "state", counts)
        yield GaugeMetricFamily(
            "ntf_oldest_due_webhook_seconds", "How late the most overdue delivery is", due_seconds
        )

    def _collect_errands(self) -> Iterator[GaugeMetricFamily]:
        """What other systems asked for."""
        with self._sessions.begin() as session:
            counts = count_errands(session)
        yield gauge("ntf_errands", "Errands in other systems by state", "state", counts)

    def _collect_checks(self) -> Iterator[GaugeMetricFamily]:
        """What stands where, what waits, how long stages take, what fails."""
        with self._sessions.begin() as session:
            yield gauge("ntf_checks", "Checks by status", "status", all_statuses(session))
            yield gauge(
                "ntf_waiting_checks",
                "Checks that wait for a step and that no worker holds",
                "step",
                health.count_waiting(session),
            )
            yield GaugeMetricFamily(
                "ntf_oldest_open_check_seconds",
                "Age of the oldest open check",
                health.age_of_oldest_seconds(session),
            )
            yield waiting_ages(health.ages_of_waiting_seconds(session))
            yield GaugeMetricFamily(
                "ntf_expired_leases",
                "Open checks whose worker died or hung and that no other has taken yet",
                health.count_expired_leases(session),
            )
            yield gauge(
                "ntf_failed_checks",
                "Checks of the last day that ended with an error, by its code",
                "code",
                health.count_failures(session),
            )
            yield stage_seconds(health.measure_stages(session))


def all_statuses(session: Session) -> dict[str, int]:
    """Checks by status, zeros too."""
    return dict.fromkeys(STATUSES, 0) | count_by_status(session)


def gauge(name: str, text: str, label: str, values: Mapping[Any, int]) -> GaugeMetricFamily:
    """One figure for each value of a label."""
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def waiting_ages(ages: Mapping[tuple[Step, str], float]) -> GaugeMetricFamily:
    """For how long the first of each queue has waited."""
    family = GaugeMetricFamily(
        "ntf_oldest_waiting_seconds",
        "For how long the first check has waited for a step, by its urgency",
        labels=["step", "urgency"],
    )
    for (step, urgency), seconds in ages.items():
        family.add_metric([step, urgency], seconds)
    return family


def stage_seconds(stages: list[health.StageDurations]) -> GaugeMetricFamily:
    """How long stages took lately, by quantile."""
    family = GaugeMetricFamily(
        "ntf_check_stage_seconds",
        "How long a stage took, waiting included, of checks of the last quarter of an hour",
        labels=["stage", "quantile"],
    )
    for found in stages:
        for part, seconds in found.seconds.items():
            family.add_metric([found.stage, str(part)], seconds)
    return family


def time_requests(app: Flask) -> None:
    """Measure each request by its route, never by its address, which would have no end."""

    @app.before_request
    def start_clock() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def stop_clock(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        REQUEST_SECONDS.labels(route, request.method, response.status_code).observe(seconds)
        return response


def write_metrics(sessions: sessionmaker[Session]) -> bytes:
    """The text that Prometheus reads."""
    rows = CollectorRegistry()
    rows.register(RowCollector(sessions))
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY) + generate_latest(rows)
    processes = CollectorRegistry()
    multiprocess.MultiProcessCollector(processes)  # type: ignore[no-untyped-call]
    return generate_latest(processes) + generate_latest(rows)
