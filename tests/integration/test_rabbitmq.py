"""RabbitMQ instead of Valkey, by one setting: wake-ups come, and no check is lost without it."""

from pathlib import Path

import pytest
from kombu import Connection
from sqlalchemy.orm import Session, sessionmaker

from api.app import create_app
from scans.settings import Settings
from scans.wake import TASK_NAMES, queues_at
from tests.integration.conftest import close_app
from tests.integration.rabbitmq import free_port, running_rabbitmq
from tests.integration.test_broker_away import (
    running_worker,
    upload,
    wait_until,
    wait_until_done,
)

pytestmark = pytest.mark.slow
Sessions = sessionmaker[Session]
NEVER = "3600"  # seconds: so that only a message can start a check


@pytest.fixture
def port() -> int:
    return free_port()


def consumers(broker_url: str) -> dict[str, int]:
    """How many workers listen to each step's queue. Declared as another kind it is refused."""
    with Connection(broker_url) as connection:
        found = {}
        for queue in queues_at(broker_url):
            declared = queue(connection.channel()).queue_declare()
            found[queue.name] = declared.consumer_count
        return {name: found[name] for name in TASK_NAMES}


def test_checks_are_woken_by_rabbitmq_and_outlive_its_going(
    port: int, settings: Settings, sessions: Sessions, secret: str, tmp_path: Path
) -> None:
    folder = tmp_path / "rabbitmq"
    settings = settings.model_copy(update={"broker_url": f"amqp://guest:guest@127.0.0.1:{port}//"})
    app = create_app(settings)
    caller = app.test_client()
    caller.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    log = tmp_path / "log"
    try:
        with (
            running_rabbitmq(folder, port) as url,
            running_worker(settings, log, NTF_SWEEP_INTERVAL_SECONDS=NEVER),
        ):
            wait_until(lambda: min(consumers(url).values()) > 0)
            for seed in range(3):
                upload(caller, seed)
            wait_until_done(sessions, 3)
        with running_worker(settings, log, NTF_SWEEP_INTERVAL_SECONDS="0.5"):
            upload(caller, 3)  # without any broker
            wait_until_done(sessions, 4)
            with running_rabbitmq(folder, port) as url:
                wait_until(lambda: consumers(url).keys() == TASK_NAMES.keys())
                upload(caller, 4)
                wait_until_done(sessions, 5)
    finally:
        close_app(app)
