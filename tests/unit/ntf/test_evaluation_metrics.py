"""Figures against sklearn, scipy and values worked out by hand."""

import numpy as np
import pytest
from scipy.stats import beta
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from ntf.evaluation.metrics import (
    balanced_accuracy,
    clopper_pearson,
    draw_counts,
    estimate,
    find_balanced_threshold,
    means,
    rank,
    reliability,
    roc_points,
    share,
    spread,
)


def scores_of(seed: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    """70 AI-made and 150 real scores that overlap; with ties, of 20 values only."""
    rng = np.random.default_rng(seed)
    fakes, reals = rng.normal(0.8, 1, 70), rng.normal(0, 1, 150)
    return (fakes.round(1), reals.round(1)) if ties else (fakes, reals)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_resample_is_ranked_as_sklearn_ranks_it(seed: int, ties: bool) -> None:
    fakes, reals = scores_of(seed, ties)
    rng = np.random.default_rng(seed)
    fake_counts, real_counts = draw_counts(70, 5, rng), draw_counts(150, 5, rng)
    found = rank(fakes, reals, fake_counts, real_counts)
    for row in range(6):
        labels = np.r_[np.ones(70), np.zeros(150)]
        weights = np.r_[fake_counts[row] / 70, real_counts[row] / 150]
        scores = np.r_[fakes, reals]
        kept = weights > 0
        ap = average_precision_score(labels[kept], scores[kept], sample_weight=weights[kept])
        auc = roc_auc_score(labels[kept], scores[kept], sample_weight=weights[kept])
        alarms, caught, _ = roc_curve(
            labels, scores, sample_weight=weights, drop_intermediate=False
        )
        assert found.ap[row] == pytest.approx(ap)
        assert found.auc[row] == pytest.approx(auc)
        assert found.caught_at_1[row] == pytest.approx(caught[alarms <= 0.01 + 1e-9].max())
        assert found.caught_at_5[row] == pytest.approx(caught[alarms <= 0.05 + 1e-9].max())


def test_ranking_by_hand() -> None:
    one = np.ones((1, 2))
    found = rank(np.array([0.9, 0.4]), np.array([0.6, 0.1]), one, one)
    # Thresholds 0.9: caught 1/2 at precision 1; 0.4: the other half at precision 1 / 1.5.
    assert found.ap[0] == pytest.approx(0.5 + 0.5 / 1.5)
    assert found.auc[0] == pytest.approx(0.75)
    assert found.caught_at_1[0] == pytest.approx(0.5)
    constant = rank(np.full(2, 0.5), np.full(2, 0.5), one, one)
    assert (constant.ap[0], constant.auc[0], constant.caught_at_5[0]) == (0.5, 0.5, 0)


def test_a_small_class_weighs_as_much_as_a_large_one() -> None:
    fakes, reals = scores_of(0, ties=False)
    many = np.tile(reals, 20)
    few = rank(fakes, reals, np.ones((1, 70)), np.ones((1, 150)))
    more = rank(fakes, many, np.ones((1, 70)), np.ones((1, 3000)))
    assert few.ap[0] == pytest.approx(more.ap[0])


def test_counts_are_resamples_of_all_images() -> None:
    counts = draw_counts(40, 200, np.random.default_rng(0))
    assert counts.shape == (201, 40)
    assert (counts[0] == 1).all()
    assert (counts.sum(axis=1) == 40).all()
    # With replacement each image is missing from about 1/e of the resamples.
    assert (counts[1:] == 0).mean() == pytest.approx(np.exp(-1), abs=0.02)


def test_interval_covers_the_share_that_was_drawn() -> None:
    """Of 200 samples of 100 flips of a coin of 0.3, about 95 % have 0.3 in their interval."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        hits = rng.random(100) < 0.3
        found = estimate(share(hits, draw_counts(100, 300, rng)))
        covered += found.low <= 0.3 <= found.high
    assert 0.9 < covered / 200 < 0.99


def test_no_resamples_means_no_interval() -> None:
    found = estimate(np.array([0.7]))
    assert found.value == 0.7
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_balanced_accuracy_by_hand() -> None:
    right = balanced_accuracy(
        np.array([True, False]),
        np.array([True, True, True, False]),
        np.ones((1, 2)),
        np.ones((1, 4)),
    )
    assert right[0] == pytest.approx((1 / 2 + 3 / 4) / 2)


@pytest.mark.parametrize(("hits", "count"), [(0, 670), (7, 670), (1, 13), (13, 13), (50, 100)])
def test_clopper_pearson_as_by_the_beta_distribution(hits: int, count: int) -> None:
    found = clopper_pearson(hits, count)
    low = beta.ppf(0.025, hits, count - hits + 1) if hits else 0
    high = beta.ppf(0.975, hits + 1, count - hits) if hits < count else 1
    assert found.value == hits / count
    assert found.low == pytest.approx(low, abs=1e-9)
    assert found.high == pytest.approx(high, abs=1e-9)
    assert np.isnan(clopper_pearson(0, 0).value)


def test_calibration_error_by_hand() -> None:
    scores = np.array([0.1, 0.1, 0.9, 0.9])
    is_ai = np.array([False, False, True, False])
    found = reliability(scores, is_ai, np.full(4, 0.25), np.ones((1, 4)), bins=10)
    # The bin at 0.1 holds no AI (off by 0.1), that at 0.9 a half (off by 0.4); each weighs a half.
    assert found.error[0] == pytest.approx(0.25)
    assert found.found[9] == pytest.approx(0.5)
    assert np.isnan(found.said[5])
    assert reliability(np.ones(1), np.ones(1, bool), np.ones(1), np.ones((1, 1))).error[0] == 0


def test_calibration_error_of_a_resample_is_that_of_the_images_drawn() -> None:
    rng = np.random.default_rng(0)
    scores, is_ai = rng.random(50), rng.random(50) < 0.5
    counts = draw_counts(50, 3, rng)
    drawn = np.repeat(np.arange(50), counts[2].astype(int))
    again = reliability(scores[drawn], is_ai[drawn], np.ones(50), np.ones((1, 50)))
    assert reliability(scores, is_ai, np.ones(50), counts).error[2] == pytest.approx(again.error[0])


def test_balanced_threshold_by_hand() -> None:
    fakes, reals = np.array([0.9, 0.7, 0.2]), np.array([0.1, 0.3, 0.5])
    # At 0.7 two of three are caught without a false alarm; nothing does better.
    assert find_balanced_threshold(fakes, np.ones(3), reals) == 0.7
    # With all weight on the image at 0.9 the threshold rises to it.
    assert find_balanced_threshold(fakes, np.array([1.0, 0, 0]), reals) == 0.9
    assert find_balanced_threshold(np.zeros(1), np.ones(1), np.ones(1)) == np.inf


def test_roc_goes_from_corner_to_corner() -> None:
    fakes, reals = scores_of(1, ties=True)
    alarms, caught = roc_points(fakes, np.ones(70), reals)
    assert (alarms[0], caught[0]) == (0, 0)
    assert (alarms[-1], caught[-1]) == pytest.approx((1, 1))
    assert (np.diff(alarms) >= 0).all()
    labels = np.r_[np.ones(70), np.zeros(150)]
    auc = roc_auc_score(labels, np.r_[fakes, reals])
    assert np.trapezoid(caught, alarms) == pytest.approx(auc)


def test_spread_and_means() -> None:
    assert spread(np.array([[0.1, 0.5], [0.4, 0.5], [0.2, 0.9]])).tolist() == [
        pytest.approx(0.3),
        pytest.approx(0.4),
    ]
    assert means([np.array([0.0, 1.0]), np.array([1.0, 2.0])]).tolist() == [0.5, 1.5]
