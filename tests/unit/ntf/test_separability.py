"""The classifier that judges files, on numbers whose answer is known."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ntf.separability import Sample, can_split_sources, measure_auc, score_apart, score_by


def made(
    shift: float, sources: int = 10, each: int = 30, *, by_source: bool = False, seed: int = 0
) -> Sample:
    """Two normal classes `shift` apart; or sources apart, whatever their class."""
    rng = np.random.default_rng(seed)
    is_ai = np.repeat([False, True], sources * each)
    names = np.array([f"s{n}" for n in np.tile(np.repeat(np.arange(sources), each), 2)])
    values = rng.normal(is_ai * shift)
    if by_source:
        places = rng.permutation(2 * sources) * 10.0
        values = values + np.repeat(places, each)
    return Sample(values[:, None].astype(np.float32), is_ai, names)


def test_equal_classes_are_at_chance_and_unequal_ones_are_not() -> None:
    for shift, expected in ((0, 0.5), (1, 0.76), (3, 0.98)):
        sample = made(shift)
        auc, low, high = measure_auc(score_apart(sample), sample)
        assert auc == pytest.approx(expected, abs=0.05)
        assert low < auc < high


def test_values_that_tell_nothing_give_exactly_one_half() -> None:
    sample = made(0)
    same = sample._replace(values=np.ones_like(sample.values))
    assert measure_auc(score_apart(same), same) == (0.5, 0.5, 0.5)


def test_knowing_the_sources_is_not_knowing_the_class() -> None:
    sample = made(0, by_source=True)
    auc, low, _ = measure_auc(score_apart(sample), sample)
    assert low < 0.6
    # With one source of a class, images are held apart instead, and its place is the class.
    one = sample.take(np.flatnonzero(sample.is_ai | (sample.sources == "s0")))
    assert not can_split_sources(one)
    assert measure_auc(score_apart(one), one).auc > max(auc, 0.9)


def test_the_interval_is_of_sources_not_of_images() -> None:
    few = made(1, sources=6, each=300)
    many = made(1, sources=60, each=30)
    drift = np.random.default_rng(1).normal(0, 1, 6)
    few = few._replace(values=few.values + drift[[int(name[1:]) for name in few.sources]][:, None])
    widths = []
    for sample in (few, many):
        _, low, high = measure_auc(sample.values[:, 0].astype(float), sample)
        widths.append(high - low)
    assert widths[0] > 3 * widths[1]


@pytest.mark.parametrize("sources", [2, 12])
def test_the_auc_is_the_usual_one_ties_included(sources: int) -> None:
    sample = made(0.7, sources=sources, each=25)
    scores = sample.values[:, 0].round(1).astype(float)
    auc, low, high = measure_auc(scores, sample)
    assert auc == pytest.approx(roc_auc_score(sample.is_ai, scores))
    assert low < auc < high


def test_what_was_learned_elsewhere_scores_here() -> None:
    learned, judged = made(2, seed=1), made(2, seed=2)
    assert measure_auc(score_by(learned, judged), judged).auc > 0.85
