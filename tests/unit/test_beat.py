"""Beat goes on after whatever ends it, and ends when it is told to."""

import errno
import threading

from celery import Celery
from celery.beat import Scheduler

from worker.beat import Beat

WAIT_SECONDS = 10


def test_it_begins_again_after_an_error_and_stops_when_told() -> None:
    ticks: list[int] = []
    went_on = threading.Event()

    class FullDiskAtFirst(Scheduler):
        def tick(self, *_: object, **__: object) -> float:
            ticks.append(1)
            if len(ticks) == 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            went_on.set()
            return 0.01

    beat = Beat(
        Celery("test", broker="memory://", set_as_current=False),
        scheduler_cls=FullDiskAtFirst,
        again_seconds=0.01,
    )
    beat.start()
    assert went_on.wait(WAIT_SECONDS)
    beat.stop()
    assert not beat.is_alive()
