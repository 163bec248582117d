"""Turns at an even pace, with a clock of our own."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from images.errors import HostBusy
from images.host_turns import BURST_SECONDS, LocalTurns, parse_retry_after


class Clock:
    now_seconds = 1000.0

    def __call__(self) -> float:
        return self.now_seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_some_at_once_and_then_at_an_even_pace(clock: Clock) -> None:
    turns = LocalTurns(requests_per_second=2, clock=clock)
    assert [turns.take("a", 9) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    assert turns.take("b", 9) == 0
    clock.now_seconds += 60
    assert turns.take("a", 9) == 0


def test_a_turn_that_is_too_far_away_is_not_reserved(clock: Clock) -> None:
    turns = LocalTurns(requests_per_second=1, clock=clock)
    assert [turns.take("a", 1) for _ in range(3)] == [0, 0, 1]
    for _ in range(2):
        with pytest.raises(HostBusy) as caught:
            turns.take("a", 1)
        assert caught.value.after_seconds == 2
    clock.now_seconds += 2
    assert turns.take("a", 1) == 0


def test_a_pause_holds_every_turn_back_and_is_never_shortened(clock: Clock) -> None:
    turns = LocalTurns(clock=clock)
    turns.pause("a", 30)
    turns.pause("a", 5)
    assert turns.take("a", 60) == 30
    with pytest.raises(HostBusy):
        turns.take("a", 10)


def test_hosts_of_the_past_are_forgotten(clock: Clock) -> None:
    turns = LocalTurns(clock=clock)
    for number in range(5000):
        turns.take(f"host-{number}", 1)
        clock.now_seconds += BURST_SECONDS
    assert len(turns._paid_until) < 2000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), (" 7 ", 7), ("99999999999999", 300), ("-1", None), ("soon", None), ("", None)],
)
def test_retry_after_in_seconds(text: str, seconds: float | None) -> None:
    assert parse_retry_after(text) == seconds


def test_retry_after_as_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert parse_retry_after(soon) == pytest.approx(60, abs=2)
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert parse_retry_after("Wed, 21 Oct 2099 07:28:00 GMT") == 300
