"""A step that never ends ends its process; one that does, does not."""

import threading

from worker.lease_watchdog import LeaseWatchdog

WAIT_SECONDS = 10


def test_a_step_that_hangs_ends_the_process() -> None:
    ended = threading.Event()
    watchdog = LeaseWatchdog(0.02, tick_seconds=0.005, end=ended.set)
    with watchdog.watch():
        assert ended.wait(WAIT_SECONDS)


def test_many_short_steps_are_not_one_long_one() -> None:
    ended = threading.Event()
    watchdog = LeaseWatchdog(3600, end=ended.set)
    for _ in range(1000):
        with watchdog.watch():
            pass
    assert watchdog._ticks == {}
    assert not ended.is_set()
