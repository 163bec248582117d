"""The Celery application: one statement over the settings; the tasks are in `worker/tasks.py`.

Start it with `celery -A worker.celery_app worker -Q fetch,detect` and, once for each
installation, `celery -A worker.celery_app beat`.
"""

from celery import Celery

from scans.logs import set_up_logs
from scans.settings import load_settings

settings = load_settings()
set_up_logs()

app = Celery("ntf", broker=settings.broker_url, include=["worker.tasks"])
app.conf.update(
    # State lives in our own rows; a result backend would be a second truth.
    task_ignore_result=True,
    # A wake-up counts as handled when the work is done. Losing one is harmless all the same.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    # Keep trying: a broker that is away must not end the worker.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_transport_options={"visibility_timeout": 3600},
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    task_default_queue="fetch",
    timezone="UTC",
    beat_schedule={
        "sweep": {
            "task": "worker.sweep",
            "schedule": settings.sweep_interval_seconds,
            # A sweep that waited in a queue is worth nothing once the next one is sent.
            "options": {"queue": "fetch", "expires": settings.sweep_interval_seconds},
        }
    },
)
