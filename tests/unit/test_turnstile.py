"""One detects, one waits, a third goes away."""

import threading

from worker.turnstile import Turnstile

WAIT_SECONDS = 10


def test_one_works_one_waits_and_a_third_is_sent_away() -> None:
    turnstile = Turnstile()
    begun, may_end = threading.Event(), threading.Event()
    at_work: list[str] = []

    def work_long() -> bool:
        begun.set()
        assert may_end.wait(WAIT_SECONDS)
        at_work.append("first")
        return True

    def work() -> bool:
        at_work.append("second")
        return True

    first = threading.Thread(target=turnstile.pass_through, args=(work_long,))
    first.start()
    assert begun.wait(WAIT_SECONDS)
    answers: list[bool] = []
    others = [
        threading.Thread(target=lambda: answers.append(turnstile.pass_through(work)))
        for _ in range(2)
    ]
    for other in others:
        other.start()
    while not answers:
        others[0].join(0.01)  # whichever comes second is sent away while the first still works
    assert answers == [False]
    may_end.set()
    for thread in (first, *others):
        thread.join(WAIT_SECONDS)
    assert (at_work, sorted(answers)) == (["first", "second"], [False, True])


def test_work_that_breaks_leaves_the_way_free() -> None:
    turnstile = Turnstile()

    def break_off() -> bool:
        raise RuntimeError("broken")

    for _ in range(2):
        try:
            turnstile.pass_through(break_off)
        except RuntimeError:
            continue
    assert turnstile.pass_through(lambda: True)
