"""The sweep goes on whatever happens, and ends when it is told to."""

import queue
import threading

from worker.sweeper import Sweeper

WAIT_SECONDS = 10
LONG_SECONDS = 3600.0


def test_it_sweeps_again_at_once_while_it_finds_something() -> None:
    found = iter([True, True, False])
    swept: queue.Queue[bool] = queue.Queue()

    def sweep() -> bool:
        swept.put(result := next(found))
        return result

    sweeper = Sweeper(sweep, LONG_SECONDS)
    sweeper.start()
    assert [swept.get(timeout=WAIT_SECONDS) for _ in range(3)] == [True, True, False]
    sweeper.stop()
    assert swept.empty()


def test_an_error_does_not_end_it() -> None:
    errors = iter([RuntimeError("the database is away")])
    swept_again = threading.Event()

    def sweep() -> bool:
        if error := next(errors, None):
            raise error
        swept_again.set()
        return False

    sweeper = Sweeper(sweep, interval_seconds=0.001)
    sweeper.start()
    assert swept_again.wait(WAIT_SECONDS)
    sweeper.stop()


def test_stop_waits_for_the_sweep_that_runs_and_begins_no_other() -> None:
    begun, may_end = threading.Event(), threading.Event()
    ended: list[str] = []

    def sweep() -> bool:
        begun.set()
        assert may_end.wait(WAIT_SECONDS)
        ended.append("ended")
        return True

    sweeper = Sweeper(sweep, LONG_SECONDS)
    sweeper.start()
    sweeper.start()
    assert begun.wait(WAIT_SECONDS)
    sweeper.ask_to_stop()
    assert ended == []
    may_end.set()
    sweeper.stop()
    assert ended == ["ended"]


def test_one_that_never_began_can_be_stopped() -> None:
    Sweeper(lambda: False, LONG_SECONDS).stop()
