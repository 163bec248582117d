"""The Celery application: one statement over the settings; the tasks are in `worker/tasks.py`.

Start it with `celery -A worker.celery_app worker -Q fetch,detect,deliver`.
"""

import logging

from celery import Celery, beat
from celery.signals import setup_logging
from kombu.transport.redis import Channel

from scans.logs import set_up_logs
from scans.settings import load_settings
from scans.wake import ADVANCE_TASK, DRIFT_TASK, RETRAIN_QUEUE, RETRAIN_TASK, queues_at
from worker.beat import Beat

SOFT_SHUTDOWN_SECONDS = 20.0
DRIFT_INTERVAL_SECONDS = 3600.0

settings = load_settings()
set_up_logs()

# In this order: whether a worker may start is asked before its sweeps begin.
app = Celery("ntf", broker=settings.broker_url, include=["worker.may_start", "worker.tasks"])
app.conf.update(
    # State lives in our own rows; a result backend would be a second truth.
    task_ignore_result=True,
    # A wake-up counts as handled when the work is done. Losing one is harmless all the same.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    # Keep trying: a broker that is away must not end the worker.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # SIGQUIT: ends after this time what does not end by itself. SIGTERM waits as long as it takes.
    worker_soft_shutdown_timeout=SOFT_SHUTDOWN_SECONDS,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # An acknowledgement is a note of this process: there is nothing to tell the broker, and so
    # nothing that fails, when a task ends on a connection that is gone.
    broker_transport_options={"ack_emulation": False},
    worker_send_task_events=False,
    task_queues=queues_at(settings.broker_url),
    task_default_queue="fetch",
    # When each was sent last: a restart does not begin the day anew.
    beat_schedule_filename=str(settings.models_folder / "beat"),
    # One process alone sends these: the one that is started with `--beat`.
    beat_schedule={
        "retrain": {
            "task": RETRAIN_TASK,
            "schedule": settings.retrain_interval_seconds,
            "options": {"queue": RETRAIN_QUEUE},
        },
        "advance-models": {
            "task": ADVANCE_TASK,
            "schedule": settings.canary_interval_seconds,
            "options": {"queue": RETRAIN_QUEUE},
        },
        "watch-drift": {
            "task": DRIFT_TASK,
            "schedule": DRIFT_INTERVAL_SECONDS,
            "options": {"queue": RETRAIN_QUEUE},
        },
    },
    timezone="UTC",
)

# `--beat` must neither outlive its worker nor end before it.
beat.EmbeddedService = Beat

# A wake-up that is unfinished when the connection closes is not given back: its row still waits.
# (Celery 5.7 would do both over the lost connection, and end the worker by the error.)
Channel.do_restore = False


@setup_logging.connect
def keep_our_logs(**_: object) -> None:
    """Keep Celery from setting the level of all logs to that of its own, on the command line."""
    set_up_logs()
    for library in ("celery", "kombu"):
        logging.getLogger(library).setLevel(logging.WARNING)
