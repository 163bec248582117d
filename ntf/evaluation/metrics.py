"""Figures of a ranking and of decisions, from arrays alone, with bootstrap intervals.

Resampling is done by weights: a resample of N images is how often each was drawn, [N], and `R`
resamples are one matrix [R + 1, N] whose first row is all ones. So each figure comes as [R + 1]:
first its value, then its resamples; the mean over generators is the mean of such arrays. Images
are resampled within each generator and within the reals, and the reals alike for all generators
(Efron and Tibshirani 1993, chapter 6 and the two-sample case of chapter 8).
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import lgamma, log

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
LEVEL = 0.95
BINS = 15
# Rows of resamples that are worked on at once, so that they stay in the processor's cache.
ROWS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the interval of 95 % around it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well scores rank one generator above reals, classes balanced by weight; each [R + 1].

    Attributes:
        ap: average precision, the sum of precision times the step in recall (no interpolation).
        auc: chance that an AI-made image scores higher than a real one; ties count half.
        caught_at_1, caught_at_5: the largest share of AI-made images that a threshold catches
            which at most 1 % or 5 % of the reals reach.
    """

    ap: Floats
    auc: Floats
    caught_at_1: Floats
    caught_at_5: Floats


def draw_counts(count: int, resamples: int, rng: np.random.Generator) -> Floats:
    """How often each of `count` images is drawn, [R + 1, count]; the first row is all ones."""
    counts = np.ones((resamples + 1, count))
    for row in counts[1:]:
        row[:] = np.bincount(rng.integers(0, count, count), minlength=count)
    return counts


class Draws:
    """Resamples by name, so that detectors and conditions are compared on the same ones."""

    def __init__(self, resamples: int) -> None:
        self._resamples = resamples
        self._kept: dict[tuple[str, int], Floats] = {}

    def of(self, name: str, count: int) -> Floats:
        """How often each of `count` images is drawn, [R + 1, count]."""
        if (name, count) not in self._kept:
            rng = np.random.default_rng(zlib.crc32(name.encode()))
            self._kept[name, count] = draw_counts(count, self._resamples, rng)
        return self._kept[name, count]


def estimate(replicates: Floats) -> Estimate:
    """Value and percentile interval of a figure's [R + 1]."""
    if len(replicates) < 2:
        return Estimate(float(replicates[0]), float("nan"), float("nan"))
    low, high = np.quantile(replicates[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(replicates[0]), float(low), float(high))


def rank(fakes: Floats, reals: Floats, fake_counts: Floats, real_counts: Floats) -> Ranking:
    """Ranking figures of scores [n] of AI-made images against scores [m] of reals.

    Args:
        fake_counts, real_counts: resamples [R + 1, n] and [R + 1, m], from `draw_counts`.
    """
    scores = np.concatenate([fakes, reals])
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(scores[order]) != 0, True])  # of each run of equal scores
    is_fake = order < len(fakes)
    place = np.where(is_fake, order, order - len(fakes))
    parts = []
    for rows in _row_blocks(len(fake_counts)):
        caught = np.zeros((rows.stop - rows.start, len(scores)))
        alarms = np.zeros_like(caught)
        caught[:, is_fake] = fake_counts[rows][:, place[is_fake]] / len(fakes)
        alarms[:, ~is_fake] = real_counts[rows][:, place[~is_fake]] / len(reals)
        np.cumsum(caught, axis=1, out=caught)
        np.cumsum(alarms, axis=1, out=alarms)
        parts.append(_rank_rows(caught[:, ends], alarms[:, ends]))
    return Ranking(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _rank_rows(caught: Floats, alarms: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """From shares caught and false alarms at falling thresholds, [R, K] each."""
    steps = np.diff(caught, axis=1, prepend=0)
    flagged = caught + alarms
    precision = np.divide(caught, flagged, out=np.zeros_like(caught), where=flagged > 0)
    missed_reals = 1 - alarms + np.diff(alarms, axis=1, prepend=0) / 2
    return (
        (steps * precision).sum(axis=1),
        (steps * missed_reals).sum(axis=1),
        _caught_within(caught, alarms, 0.01),
        _caught_within(caught, alarms, 0.05),
    )


def _caught_within(caught: Floats, alarms: Floats, level: float) -> Floats:
    # A billionth of slack: sums of 1/m are not exact.
    within: Floats = np.where(alarms <= level + 1e-9, caught, 0).max(axis=1)
    return within


def _row_blocks(count: int) -> Iterator[slice]:
    for start in range(0, count, ROWS_AT_ONCE):
        yield slice(start, min(start + ROWS_AT_ONCE, count))


def share(hits: Bools, counts: Floats) -> Floats:
    """The share of images [n] for which something holds, in each resample, [R + 1]."""
    found: Floats = counts @ hits.astype(np.float64) / len(hits)
    return found


def balanced_accuracy(
    fakes_right: Bools, reals_right: Bools, fake_counts: Floats, real_counts: Floats
) -> Floats:
    """The mean of both classes' shares of right answers, [R + 1]."""
    return (share(fakes_right, fake_counts) + share(reals_right, real_counts)) / 2


def roc_points(fakes: Floats, weights: Floats, reals: Floats) -> tuple[Floats, Floats]:
    """False-alarm shares and weighted shares caught, [K] each, from (0, 0) on."""
    scores = np.concatenate([fakes, reals])
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(scores[order]) != 0, True])
    caught = np.cumsum(np.r_[weights / weights.sum(), np.zeros(len(reals))][order])[ends]
    alarms = np.cumsum(np.r_[np.zeros(len(fakes)), np.ones(len(reals)) / len(reals)][order])[ends]
    return np.r_[0, alarms], np.r_[0, caught]


def find_balanced_threshold(fakes: Floats, weights: Floats, reals: Floats) -> float:
    """The score at and above which "AI" gives the best balanced accuracy on these very images.

    Args:
        weights: of the AI-made images [n], so that a large generator does not decide.

    On the images that it was found on it flatters; it is for use on others.
    """
    alarms, caught = roc_points(fakes, weights, reals)
    best = int(np.argmax(caught - alarms))
    thresholds = np.r_[np.inf, np.unique(np.concatenate([fakes, reals]))[::-1]]
    return float(thresholds[best])


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bins of a reliability diagram, [B] each; empty bins are NaN.

    Attributes:
        said: mean score in the bin.
        found: share of AI-made images in it, classes balanced by weight.
        weight: share of all images, by weight.
        error: expected calibration error, [R + 1].
    """

    said: Floats
    found: Floats
    weight: Floats
    error: Floats


def reliability(
    scores: Floats, is_ai: Bools, weights: Floats, counts: Floats, bins: int = BINS
) -> Reliability:
    """Expected calibration error over bins of equal width (Guo et al. 2017).

    Args:
        scores: probabilities [N] of being AI-made.
        weights: [N]; each class should sum to the same.
        counts: resamples [R + 1, N].
    """
    which = np.minimum((scores * bins).astype(np.int64), bins - 1)
    member = np.zeros((len(scores), bins))
    member[np.arange(len(scores)), which] = weights
    weight = counts @ member
    said = counts @ (member * scores[:, None])
    found = counts @ (member * is_ai[:, None])
    error = np.abs(said - found).sum(axis=1) / weight.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return Reliability(
            said[0] / weight[0], found[0] / weight[0], weight[0] / weight[0].sum(), error
        )


def clopper_pearson(hits: int, count: int) -> Estimate:
    """A share with its exact interval (Clopper and Pearson 1934); NaN where nothing was counted."""
    if not count:
        return Estimate(float("nan"), float("nan"), float("nan"))
    tail = (1 - LEVEL) / 2
    # Low: where this many hits or more are as rare as the tail; high: this many or fewer.
    low = 0.0 if hits == 0 else _solve(lambda p: 1 - _at_most(hits - 1, count, p) < tail)
    high = 1.0 if hits == count else _solve(lambda p: _at_most(hits, count, p) > tail)
    return Estimate(hits / count, low, high)


def _solve(is_below: Callable[[float], bool]) -> float:
    """The share in 0..1 where the answer changes from yes to no, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return (low + high) / 2


def _at_most(hits: int, count: int, p: float) -> float:
    """The binomial chance of `hits` or fewer among `count`, for 0 < p < 1."""
    terms = [
        lgamma(count + 1)
        - lgamma(k + 1)
        - lgamma(count - k + 1)
        + k * log(p)
        + (count - k) * log(1 - p)
        for k in range(hits + 1)
    ]
    return float(np.exp(terms).sum())


def spread(scores: Floats) -> Floats:
    """Largest minus smallest score of each image, [N], from [conditions, N]."""
    widest: Floats = np.max(scores, axis=0) - np.min(scores, axis=0)
    return widest


def means(rows: Sequence[Floats]) -> Floats:
    """The mean of figures [R + 1] over generators, resample by resample."""
    mean: Floats = np.mean(np.stack(rows), axis=0)
    return mean
