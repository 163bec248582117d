"""Wakes workers through the broker: best effort, never in the way of a request.

A wake-up carries nothing but its step; what there is to do stands in the rows. So many wake-ups
may become one, and for one that is lost, a worker's next sweep finds the row.
"""

from __future__ import annotations

import threading
from typing import Literal

import structlog
from celery import Celery
from kombu.entity import Queue as BrokerQueue
from kombu.exceptions import OperationalError

from scans.queue import Step

Queue = Step | Literal["deliver"]
TASK_NAMES: dict[Queue, str] = {
    "fetch": "worker.fetch",
    "detect": "worker.detect",
    "deliver": "worker.deliver",
}
# What the beat sends to the queue `retrain`, each at its interval.
RETRAIN_QUEUE = "retrain"
QUEUE_NAMES = (*TASK_NAMES, RETRAIN_QUEUE)
RETRAIN_TASK, ADVANCE_TASK = "worker.retrain", "worker.advance_models"
DRIFT_TASK = "worker.watch_drift"
CONNECT_TIMEOUT_SECONDS = 2.0
# While no worker takes them: a wake-up more or less is nothing, a disk full of them is.
MAX_WAITING_WAKE_UPS = 10_000

log = structlog.get_logger()


def queues_at(broker_url: str) -> tuple[BrokerQueue, ...]:
    """The broker's queues; whoever sends and whoever takes must describe them alike.

    RabbitMQ keeps a quorum queue over its nodes. A plain queue of Redis's or Valkey's has no kinds.
    """
    is_rabbitmq = broker_url.startswith(("amqp:", "amqps:"))
    kind = {"x-queue-type": "quorum", "x-max-length": MAX_WAITING_WAKE_UPS} if is_rabbitmq else None
    return tuple(
        BrokerQueue(name, routing_key=name, queue_arguments=kind)  # type: ignore[no-untyped-call]
        for name in QUEUE_NAMES
    )


class Waker:
    """Sends wake-ups from one background thread of this process.

    `wake` only sets a flag, so a broker that hangs or is away costs the caller nothing.
    """

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("ntf-waker", broker=broker_url, set_as_current=False)
        self._app.conf.task_queues = queues_at(broker_url)
        self._app.conf.broker_connection_timeout = CONNECT_TIMEOUT_SECONDS
        self._app.conf.broker_transport_options = {
            "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "socket_timeout": CONNECT_TIMEOUT_SECONDS,
            "read_timeout": CONNECT_TIMEOUT_SECONDS,
            "write_timeout": CONNECT_TIMEOUT_SECONDS,
        }
        # kombu's own for what it wraps, the transport's for what it lets through.
        self._errors = (OSError, OperationalError, *self._app.connection().connection_errors)
        self._pending: set[Queue] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def wake(self, step: Queue) -> None:
        """Ask for a worker at `step`. Returns at once, whatever the broker does."""
        with self._changed:
            self._pending.add(step)
            # Started on first use: a thread does not survive the fork of a server's workers.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending)
                step = self._pending.pop()
            self._send(step)

    def _send(self, step: Queue) -> None:
        try:
            self._app.send_task(TASK_NAMES[step], queue=step, retry=False, ignore_result=True)
        except self._errors as error:
            log.warning("wake_up_not_sent", step=step, reason=str(error))


def ask_for_retraining(broker_url: str) -> None:
    """Ask the worker of the queue `retrain` to learn now, however few new labels there are.

    Raises:
        OperationalError: there is no broker.
    """
    app = Celery("ntf-asker", broker=broker_url, set_as_current=False)
    app.conf.task_queues = queues_at(broker_url)
    app.send_task(
        RETRAIN_TASK,
        kwargs={"is_asked_for": True},
        queue=RETRAIN_QUEUE,
        retry=False,
        ignore_result=True,
    )
