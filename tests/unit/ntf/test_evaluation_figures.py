"""Contests, groups, false alarms, calibration and spread, against figures worked out by hand."""

import numpy as np
import pytest

from ntf.evaluation.alarms import measure_alarms
from ntf.evaluation.conditions import choose_conditions
from ntf.evaluation.contests import measure_contest
from ntf.evaluation.detectors import NO_VERDICT, Findings, Thresholds, with_verdicts
from ntf.evaluation.figures import difference, figure_out, measure, measure_calibration
from ntf.evaluation.metrics import Draws, rank
from ntf.evaluation.plan import NEW_PHOTOGRAPHS, PHOTOGRAPHS, REALS, Plan
from ntf.evaluation.scores import Scored
from ntf.evaluation.steadiness import measure_spread
from tests.unit.ntf.evaluation_kit import findings_of, plan_of

THRESHOLDS = Thresholds(0.8, 0.4, 0.5)
HEADLINE, STORED, HALF = choose_conditions(["as stored", "half size"])
NO_DRAWS = Draws(0)


@pytest.fixture
def plan() -> Plan:
    """Two generators of 4 images, 4 seen and 4 new photographs, 2 hard reals."""
    return plan_of(
        [
            ("ai", "sd", "diffusion", 4),
            ("ai", "midjourney_2022", "commercial", 4),
            ("real", "cats", "real", 4),
            ("real", "streets", "real", 4),
            ("real", "hard_art", "not_ai", 2),
        ],
        seen=["sd", "cats", "hard_art"],
    )


SCORES = [
    0.9,
    0.85,
    0.6,
    0.3,
    0.95,
    0.7,
    0.45,
    0.2,
    0.1,
    0.2,
    0.3,
    0.6,
    0.1,
    0.2,
    0.35,
    0.82,
    0.9,
    0,
]
#         sd                    midjourney             cats                streets              art
WORDS = "llun lxun nnnu nnnl xn".replace(" ", "")


def test_one_generator_by_hand(plan: Plan) -> None:
    findings = findings_of(SCORES, WORDS)
    midjourney, sd = (measure_contest(c, findings, THRESHOLDS, NO_DRAWS) for c in plan.contests)
    assert (sd.generator, sd.is_seen, sd.count, sd.side_px) == ("sd", True, 4, 256)
    assert sd.reals == {PHOTOGRAPHS: 8, NEW_PHOTOGRAPHS: 4, REALS: 10}
    found = sd.against[PHOTOGRAPHS]
    # 0.9, 0.85 and 0.6 (which ties with one) and 0.3 (ties) against 8 photographs.
    assert found["auc"][0] == pytest.approx((8 + 8 + 6.5 + 4.5) / 32)
    # Two of four are called likely_ai; one photograph of eight is.
    assert found["accuracy_shipped"][0] == pytest.approx((2 / 4 + 7 / 8) / 2)
    # Right words: two of four, and six of eight (one uncertain, one likely_ai).
    assert found["accuracy_verdicts"][0] == pytest.approx((2 / 4 + 6 / 8) / 2)
    # At 0.5: three of four, and six of eight.
    assert found["accuracy_balanced"][0] == pytest.approx((3 / 4 + 6 / 8) / 2)
    assert found["caught_at_1"][0] == pytest.approx(2 / 4)
    # Midjourney's image at 0.7 is not assessable: wrong at the balanced threshold, too.
    assert midjourney.shares["called_likely_ai"].value == 1 / 4
    assert midjourney.shares["abstained"].value == 2 / 4
    assert midjourney.shares["called_ai_at_balanced"].value == 1 / 4
    assert midjourney.against[PHOTOGRAPHS]["accuracy_balanced"][0] == (1 / 4 + 6 / 8) / 2


def test_an_abstention_on_a_real_image_is_wrong_too(plan: Plan) -> None:
    findings = findings_of(SCORES, WORDS)
    (sd,) = (
        measure_contest(c, findings, THRESHOLDS, NO_DRAWS)
        for c in plan.contests
        if c.generator == "sd"
    )
    # Of ten reals: six photographs and one painting are told no_evidence; the other painting
    # is not assessable, which at the shipped threshold is no false alarm.
    assert sd.against[REALS]["accuracy_verdicts"][0] == pytest.approx((2 / 4 + 7 / 10) / 2)
    assert sd.against[REALS]["accuracy_shipped"][0] == pytest.approx((2 / 4 + 9 / 10) / 2)
    assert sd.against[REALS]["accuracy_balanced"][0] == pytest.approx((3 / 4 + 7 / 10) / 2)


def test_without_thresholds_there_is_ranking_alone(plan: Plan) -> None:
    row = measure_contest(plan.contests[0], findings_of(SCORES), None, NO_DRAWS)
    assert set(row.against[REALS]) == {"ap", "auc", "caught_at_1", "caught_at_5"}
    assert row.shares == {}
    figures = measure(plan, findings_of(SCORES), None, HEADLINE, NO_DRAWS)
    assert figures.alarms == []


def test_groups_are_means_over_generators(plan: Plan) -> None:
    draws = Draws(20)
    figures = measure(plan, findings_of(SCORES, WORDS), THRESHOLDS, HEADLINE, draws)
    groups = {group.group: group for group in figures.groups}
    assert list(groups) == ["all", "seen", "unseen", "diffusion", "commercial"]
    assert groups["seen"].generators == ["sd"]
    assert groups["unseen"].generators == ["midjourney_2022"]
    by_name = {row.generator: row.against[REALS]["ap"] for row in figures.generators}
    mean = (by_name["sd"] + by_name["midjourney_2022"]) / 2
    assert np.allclose(groups["all"].against[REALS]["ap"], mean)
    assert len(mean) == 21


def test_all_generators_meet_the_same_resampled_reals(plan: Plan) -> None:
    """Two generators with the same scores and draws differ by nothing."""
    draws = Draws(50)
    scores = np.array(SCORES)
    row = measure_contest(plan.contests[1], findings_of(SCORES, WORDS), THRESHOLDS, draws)
    again = rank(
        scores[:4],
        scores[8:16],
        draws.of("sd", 4),
        draws.of(f"{PHOTOGRAPHS} at 256", 8),
    )
    assert np.array_equal(row.against[PHOTOGRAPHS]["ap"], again.ap)


def test_difference_of_a_detector_from_itself_is_exactly_none(plan: Plan) -> None:
    draws = Draws(50)
    findings = findings_of(SCORES, WORDS)
    first = measure(plan, findings, THRESHOLDS, HEADLINE, draws)
    same = difference(first, first, "all", PHOTOGRAPHS, "ap")
    assert same is not None
    assert (same.value, same.low, same.high) == (0, 0, 0)
    worse = findings_of([1 - score for score in SCORES], WORDS)
    other = measure(plan, worse, None, HEADLINE, draws)
    gap = difference(first, other, "all", PHOTOGRAPHS, "ap")
    assert gap is not None
    assert gap.high < 0
    assert difference(first, other, "all", PHOTOGRAPHS, "accuracy_shipped") is None
    assert difference(first, other, "gan", PHOTOGRAPHS, "ap") is None


def test_false_alarms_by_hand(plan: Plan) -> None:
    rows = measure_alarms(plan, findings_of(SCORES, WORDS), THRESHOLDS)
    assert [row.kind for row in rows] == [
        "photographs",
        "photographs, seen sources",
        "photographs, unseen sources",
        "all hard kinds",
        "hard_art",
        "photographs: cats",
        "photographs: streets",
    ]
    photographs, seen, unseen, *_, art, _, _ = rows
    assert photographs.count == 8
    assert photographs.called == {
        "likely_ai": 1,
        "uncertain": 1,
        "no_evidence": 6,
        "not_assessable": 0,
    }
    assert photographs.likely_ai.value == 1 / 8
    assert photographs.not_cleared.value == 2 / 8
    assert photographs.at_balanced.value == 2 / 8
    assert (seen.likely_ai.value, unseen.likely_ai.value) == (0, 1 / 4)
    # The painting at 0.9 could not be assessed, so it was not called AI, but not cleared either.
    assert (art.at_balanced.value, art.not_cleared.value) == (0, 1 / 2)
    assert unseen.likely_ai.high > 0.5  # one of four says little


def test_verdicts_are_made_from_scores_where_there_are_none() -> None:
    bare = findings_of([0.8, 0.79, 0.4, 0.39])
    assert with_verdicts(bare, THRESHOLDS).verdicts.tolist() == [0, 1, 1, 2]
    assert with_verdicts(bare, None) is bare
    given = findings_of([0.9], "x")
    assert with_verdicts(given, THRESHOLDS) is given
    missing = Findings.nothing(1)
    assert with_verdicts(missing, THRESHOLDS).verdicts[0] == NO_VERDICT


def test_calibration_gives_every_generator_the_same_weight() -> None:
    plan = plan_of(
        [("ai", "sd", "diffusion", 1), ("ai", "flux", "diffusion", 9), ("real", "cats", "real", 5)]
    )
    # sd at 1, flux and photographs at 0: of the weight at 0 a third is AI-made.
    found = measure_calibration(plan, findings_of([1] + [0] * 14), NO_DRAWS)[PHOTOGRAPHS]
    assert found.found[0] == pytest.approx(1 / 3)
    assert found.error[0] == pytest.approx(0.75 / 3)


def test_scores_that_are_no_probabilities_have_no_calibration(plan: Plan) -> None:
    assert measure_calibration(plan, findings_of([10 * s for s in SCORES]), NO_DRAWS) == {}


def test_best_threshold_is_found(plan: Plan) -> None:
    figures = measure(plan, findings_of(SCORES, WORDS), THRESHOLDS, HEADLINE, NO_DRAWS)
    # At 0.85 three of eight are caught and no photograph is; at 0.45 six of eight are, and two.
    assert figures.best_threshold == 0.45


def test_generators_below_a_condition_s_size_are_left_out() -> None:
    plan = plan_of([("ai", "sd", "diffusion", 2), ("real", "cats", "real", 2)])
    views = [type(v)(v.item, 128, 128) for v in plan.views]
    small = Plan(views, frozenset())
    figures = measure(small, Findings.nothing(4), THRESHOLDS, HALF, NO_DRAWS)
    assert (figures.generators, figures.groups, figures.alarms) == ([], [], [])
    assert figures.best_threshold is None


def test_spread_by_hand() -> None:
    plan = plan_of([("ai", "sd", "diffusion", 1), ("real", "cats", "real", 2)])
    scored = Scored(
        "name",
        "version",
        THRESHOLDS,
        {
            "JPEG 90": findings_of([0.9, 0.1, 0.5], "lnu"),
            "as stored": findings_of([0.7, 0.2, 0.5], "unu"),
            "half size": findings_of([0.2, 0.1, 0.9], "nnl"),
        },
    )
    rows = {
        (row.kind, row.change): row
        for row in measure_spread(plan, scored, (HEADLINE, STORED, HALF))
    }
    assert set(rows) == {
        (k, c) for k in ("photographs", "AI-made") for c in ("encoding", "size", "all")
    }
    encoding = rows["photographs", "encoding"]
    assert (encoding.conditions, encoding.count) == (2, 2)
    assert encoding.median == pytest.approx(0.05)
    assert encoding.p90 == pytest.approx(0.09)
    assert encoding.flips.value == 0
    made = rows["AI-made", "size"]
    assert made.median == pytest.approx(0.7)
    assert made.flips.value == 1
    assert rows["photographs", "all"].median == pytest.approx((0.1 + 0.4) / 2)


def test_a_condition_that_a_detector_lacks_is_left_out(plan: Plan) -> None:
    scored = Scored("name", "version", None, {"JPEG 90": findings_of(SCORES)})
    steps: list[int] = []
    figures = figure_out(plan, scored, (HEADLINE, STORED), NO_DRAWS, steps.append)
    assert list(figures.conditions) == ["JPEG 90"]
    assert figures.spread == []
    assert sum(steps) == 2
