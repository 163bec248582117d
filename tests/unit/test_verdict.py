"""The rule that turns a measurement into words."""

from dataclasses import replace

import pytest

from scans.verdict import (
    ImageFacts,
    PixelFinding,
    Thresholds,
    clip_score,
    combine_views,
    decide_verdict,
    describe_rarity,
)

THRESHOLDS = Thresholds(likely_ai_at=0.9, no_evidence_below=0.4, min_side_px=96)
LARGE = ImageFacts(1024, 768)


def finding(raw_score: float = 0.5, p: float = 0.2, n: int = 999, coverage: float = 1.0):
    return PixelFinding(raw_score, p, n, coverage)


@pytest.mark.parametrize(
    ("raw_score", "label"),
    [
        (0.0, "no_evidence"),
        (0.3999, "no_evidence"),
        (0.4, "uncertain"),
        (0.8999, "uncertain"),
        (0.9, "likely_ai"),
        (1.0, "likely_ai"),
    ],
)
def test_label_begins_at_its_threshold(raw_score: float, label: str) -> None:
    assert decide_verdict(finding(raw_score), LARGE, THRESHOLDS).label == label


def test_score_is_never_nought_or_one_and_raw_score_is_not_clipped() -> None:
    verdict = decide_verdict(finding(1.0), LARGE, THRESHOLDS)
    assert (verdict.score, verdict.raw_score) == (0.99, 1.0)
    assert clip_score(0.0) == 0.01


def test_small_image_is_not_assessable_but_keeps_its_raw_score() -> None:
    verdict = decide_verdict(finding(0.99), ImageFacts(95, 4000), THRESHOLDS)
    assert verdict.label == "not_assessable"
    assert verdict.raw_score == 0.99
    assert verdict.limits[0].code == "too_small"
    assert "95 × 4000" in verdict.limits[0].sentence


def test_without_pixels_every_score_is_null() -> None:
    verdict = decide_verdict(None, ImageFacts(3, 3), THRESHOLDS)
    assert verdict.label == "not_assessable"
    assert (verdict.score, verdict.raw_score, verdict.real_photo_p) == (None, None, None)
    assert verdict.evidence == ()


def test_every_verdict_says_that_a_person_decides() -> None:
    for raw_score in (0.0, 0.5, 1.0):
        verdict = decide_verdict(finding(raw_score), LARGE, THRESHOLDS)
        assert verdict.limits[-1].code == "statistical"


def test_limits_name_what_weakens_the_verdict() -> None:
    facts = ImageFacts(200, 200, ("animated_first_frame", "a_note_that_is_no_limit"))
    verdict = decide_verdict(finding(coverage=0.2), facts, THRESHOLDS)
    codes = [limit.code for limit in verdict.limits]
    assert codes == ["small", "animated_first_frame", "partly_seen", "statistical"]
    assert "20%" in verdict.limits[2].sentence


@pytest.mark.parametrize(
    ("p", "n", "sentence"),
    [
        (0.0030, 9999, "3 of 1,000 real photographs look at least this unusual."),
        (0.5, 999, "500 of 1,000 real photographs look at least this unusual."),
        (1.0, 999, "1,000 of 1,000 real photographs look at least this unusual."),
        (1 / 1000, 999, "Fewer than 2 of 1,000 real photographs look this unusual."),
        (1 / 501, 500, "Fewer than 3 of 1,000 real photographs look this unusual."),
    ],
)
def test_rarity_is_said_no_finer_than_the_calibration_allows(
    p: float, n: int, sentence: str
) -> None:
    assert describe_rarity(finding(p=p, n=n)) == sentence


def test_evidence_of_a_likely_ai_image_is_strong_only_where_it_is_rare() -> None:
    rare = decide_verdict(finding(0.95, p=0.001), LARGE, THRESHOLDS).evidence[0]
    less_rare = decide_verdict(finding(0.95, p=0.03), LARGE, THRESHOLDS).evidence[0]
    assert (rare.strength, less_rare.strength) == ("strong", "moderate")


def test_the_most_suspicious_view_decides_and_its_rarity_counts_for_all() -> None:
    index, combined = combine_views(
        [finding(0.5, p=0.2), finding(0.95, p=0.01), finding(0.6, p=0.1)], THRESHOLDS
    )
    assert index == 1
    assert combined.raw_score == 0.95
    assert combined.real_photo_p == pytest.approx(0.03)
    assert decide_verdict(combined, LARGE, THRESHOLDS).label == "likely_ai"


def test_views_that_say_opposite_things_are_for_a_person() -> None:
    _, combined = combine_views([finding(0.1), finding(0.95)], THRESHOLDS)
    verdict = decide_verdict(combined, LARGE, THRESHOLDS)
    assert verdict.label == "uncertain"
    assert "looks_disagree" in [limit.code for limit in verdict.limits]


def test_a_view_that_cannot_be_judged_decides_only_where_all_are_such() -> None:
    flat = replace(finding(0.99), doubts=("flat_graphic",))
    assert combine_views([flat, finding(0.5)], THRESHOLDS)[0] == 1
    index, combined = combine_views([finding(0.99), flat][1:], THRESHOLDS)
    assert index == 0
    assert decide_verdict(combined, LARGE, THRESHOLDS).label == "not_assessable"


def test_one_view_is_taken_as_it_is() -> None:
    assert combine_views([finding(0.95)], THRESHOLDS) == (0, finding(0.95))
