"""The gate: what stops a candidate, and that the slice is named."""

from dataclasses import replace

import pytest

from scans.model_gate import (
    Evidence,
    Pair,
    RegressionAnswer,
    Said,
    chance_of,
    compare_slices,
    may_replace,
)

RIGHT_AI, WRONG_AI = Said(0.9, "likely_ai"), Said(0.1, "no_evidence")
RIGHT_REAL, WRONG_REAL = Said(0.1, "no_evidence"), Said(0.99, "likely_ai")


def pairs(name: str, count: int, *, broken: int = 0, fixed: int = 0) -> list[Pair]:
    """AI-made images: the live model is right but for those that are fixed."""
    return [
        Pair(
            (f"generator: {name}",),
            True,
            WRONG_AI if at < fixed else RIGHT_AI,
            WRONG_AI if count - at <= broken else RIGHT_AI,
        )
        for at in range(count)
    ]


GOOD = Evidence(
    holdout=pairs("sd1_4", 60),
    labels=pairs("labels", 20, fixed=10),
    fresh_reals={"JPEG 90": ["no_evidence"] * 300},
    regressions=[RegressionAnswer("r1", "ai", "likely_ai")],
)


def test_a_better_candidate_may_replace() -> None:
    assert may_replace(GOOD).may_replace
    assert [one.images for one in may_replace(GOOD).slices] == [60, 60]


def test_a_worse_slice_is_named() -> None:
    gate = may_replace(replace(GOOD, holdout=pairs("sd1_4", 60) + pairs("cyclegan", 60, broken=12)))
    assert not gate.may_replace
    assert {one.name for one in gate.slices if one.is_worse} == {"generator: cyclegan"}
    assert all("generator: cyclegan" in reason for reason in gate.reasons)


def test_small_slices_are_not_compared() -> None:
    holdout = pairs("sd1_4", 60) + pairs("rare", 49, broken=49)
    assert may_replace(replace(GOOD, holdout=holdout)).may_replace
    assert not may_replace(replace(GOOD, holdout=pairs("rare", 49))).may_replace


def test_the_more_slices_the_more_it_takes() -> None:
    few = compare_slices(pairs("a", 60, broken=7))
    many = compare_slices([*pairs("a", 60, broken=7), *(p for n in "bcdefg" for p in pairs(n, 60))])
    assert any(one.is_worse for one in few)
    assert not any(one.is_worse for one in many)


@pytest.mark.parametrize(("alarms", "passes"), [(3, True), (6, True), (9, False)])
def test_false_alarms_stay_within_the_promise(alarms: int, passes: bool) -> None:
    said = {"JPEG 60": ["likely_ai"] * alarms + ["no_evidence"] * (300 - alarms)}
    gate = may_replace(replace(GOOD, fresh_reals=said))
    assert gate.may_replace is passes
    assert passes or "JPEG 60" in gate.reasons[0]


def test_every_regression_case_counts() -> None:
    answers = [
        RegressionAnswer("r1", "real", "uncertain"),
        RegressionAnswer("r2", "real", "likely_ai"),
    ]
    gate = may_replace(replace(GOOD, regressions=answers))
    assert len(gate.reasons) == 1
    assert "r2" in gate.reasons[0]


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (4, 0), (10, 8)])
def test_must_be_better_where_people_decided(fixed: int, broken: int) -> None:
    labels = pairs("labels", 40, fixed=fixed, broken=broken)
    assert not may_replace(replace(GOOD, labels=labels)).may_replace


def test_chance_is_the_binomial_tail() -> None:
    assert chance_of(5, 5, 0.5) == pytest.approx(1 / 32)
    assert chance_of(0, 0, 0.5) == 1
    assert chance_of(1, 100, 0.01) == pytest.approx(1 - 0.99**100)
