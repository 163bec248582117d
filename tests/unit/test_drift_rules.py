"""Drift: the index and the martingale."""

import random

import pytest

from scans.drift_rules import MARTINGALE_ALARM, PSI_ALARM, histogram, martingale, stability_index


def test_the_same_distribution_is_stable() -> None:
    rng = random.Random(1)
    before = histogram([rng.random() for _ in range(2000)])
    now = histogram([rng.random() for _ in range(500)])
    assert stability_index(before, now) < 0.1


def test_another_distribution_is_not() -> None:
    rng = random.Random(2)
    before = histogram([rng.random() for _ in range(2000)])
    now = histogram([rng.random() ** 3 for _ in range(500)])
    assert stability_index(before, now) > PSI_ALARM


def test_the_index_is_its_definition() -> None:
    even, tilted = [5] * 10, [0] * 9 + [50]
    assert stability_index(even, even) == pytest.approx(0)
    assert stability_index(even, tilted) > 2


def test_uniform_p_values_seldom_alarm() -> None:
    alarms = 0
    for seed in range(200):
        rng = random.Random(seed)
        largest, _ = martingale([rng.random() for _ in range(300)])
        alarms += largest >= MARTINGALE_ALARM
    assert alarms <= 4  # Ville: 1 % at most, and the floor adds a little


@pytest.mark.parametrize("shift", [lambda p: p**2, lambda p: p**0.5])
def test_p_values_that_crowd_alarm_soon(shift: object) -> None:
    rng = random.Random(3)
    largest, last = martingale([shift(rng.random()) for _ in range(300)])
    assert largest >= MARTINGALE_ALARM
    assert last > 1


def test_no_images_no_wealth() -> None:
    assert martingale([]) == (1.0, 1.0)
