"""Whether what comes in still looks like what the model was calibrated on. Standard library alone.

Two watchers: the population stability index compares one week's distribution with another, and a
conformal martingale (Vovk et al. 2003) bets, image after image, against real photographs' p-values
being uniform: while they are, it seldom grows, and by Ville's inequality it ever reaches 100 with
a chance of at most 1 %.
"""

from collections.abc import Sequence
from math import exp, log

BINS = 10
# The usual reading of the index: below 0.1 nothing, above 0.25 another population.
PSI_ALARM = 0.25
MARTINGALE_ALARM = 100.0
# Below this many images the index is chance.
MIN_IMAGES = 100
# Bets on p-values that crowd at 0 or at 1, averaged: densities b p^(b-1), and mirrored.
_BETS = (0.25, 0.5, 0.75)
# The wealth never falls below this, so that a long quiet time does not blind it (CUSUM's way).
_FLOOR = log(0.01)


def histogram(values: Sequence[float]) -> list[int]:
    """Values 0..1 counted in equal bins."""
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, max(0, int(value * BINS)))] += 1
    return counts


def stability_index(expected: Sequence[int], found: Sequence[int]) -> float:
    """`sum (q - p) ln(q / p)` over bins, half a count added to each so that none is empty."""
    before, now = ([count + 0.5 for count in counts] for counts in (expected, found))
    shares = [(p / sum(before), q / sum(now)) for p, q in zip(before, now, strict=True)]
    return sum((q - p) * log(q / p) for p, q in shares)


def martingale(p_values: Sequence[float]) -> tuple[float, float]:
    """The largest and the last wealth of the bets against uniform p-values, which begin at 1.

    Ville's bound holds until the wealth first falls to the floor and is lifted.
    """
    wealths = [0.0] * (2 * len(_BETS))
    largest = last = 1.0
    for value in p_values:
        p = min(max(value, 1e-4), 1 - 1e-4)
        for index, bet in enumerate(_BETS):
            for side, x in ((0, p), (1, 1 - p)):
                place = 2 * index + side
                gained = wealths[place] + log(bet) + (bet - 1) * log(x)
                wealths[place] = max(_FLOOR, gained)
        last = sum(exp(min(wealth, 300.0)) for wealth in wealths) / len(wealths)
        largest = max(largest, last)
    return largest, last
