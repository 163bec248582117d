"""How well a few numbers of each image tell its class, with an interval over sources."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils.class_weight import compute_sample_weight

FOLDS = 5
# With fewer sources of a class, images are drawn again instead, in this many blocks.
MIN_SOURCES = 5
BLOCKS = 50
ROUNDS = 2000

Floats = NDArray[np.float64]


class Sample(NamedTuple):
    """Images of both classes as numbers.

    Attributes:
        values: [N, F].
        is_ai: [N].
        sources: [N], names; those of one class are never compared with the other's.
    """

    values: NDArray[np.float32]
    is_ai: NDArray[np.bool_]
    sources: NDArray[np.str_]

    def take(self, indices: NDArray[np.int64]) -> "Sample":
        """The images at these places."""
        return Sample(self.values[indices], self.is_ai[indices], self.sources[indices])


class Separation(NamedTuple):
    """The area under the ROC curve (0.5: chance) and its 95 % interval."""

    auc: float
    low: float
    high: float


def can_split_sources(sample: Sample) -> bool:
    """Whether each class has two sources or more."""
    return _count_fewest_sources(sample) > 1


def score_apart(sample: Sample) -> Floats:
    """Each image's score [N] by a classifier that saw no image of its source.

    Where a class has one source only, it saw no image of the same fold.
    """
    if can_split_sources(sample):
        folds = min(FOLDS, _count_fewest_sources(sample))
        groups = np.char.add(np.where(sample.is_ai, "ai ", "real "), sample.sources)
        parts = StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(
            sample.values, sample.is_ai, groups
        )
    else:
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
        parts = folds.split(sample.values, sample.is_ai)
    scores = np.full(len(sample.is_ai), np.nan)
    for learned, held in parts:
        scores[held] = score_by(sample.take(learned), sample.take(held))
    return scores


def score_by(learned: Sample, judged: Sample) -> Floats:
    """Scores [N] of some images by a classifier that learned on others.

    Small trees in sequence: they find an odd size among many, and run on one core. Classes weigh
    the same, so that values which tell nothing give every image the same score in every fold.
    """
    model = GradientBoostingClassifier(n_estimators=50, random_state=0)
    weights = compute_sample_weight("balanced", learned.is_ai)
    model.fit(learned.values, learned.is_ai, sample_weight=weights)
    scores: Floats = model.decision_function(judged.values)
    return scores


def measure_auc(scores: Floats, sample: Sample) -> Separation:
    """The AUC of scores [N], its interval from drawing whole sources of each class again.

    Images of one source share their format, so that drawing images would state too much.
    """
    ai, real = sample.is_ai, ~sample.is_ai
    wins = _count_wins(scores, _cluster(sample.sources[ai]), _cluster(sample.sources[real]), ai)
    sizes = [np.bincount(_cluster(sample.sources[which])) for which in (ai, real)]
    rng = np.random.default_rng(0)
    drawn = [
        rng.multinomial(len(size), np.full(len(size), 1 / len(size)), ROUNDS) for size in sizes
    ]
    drawn = [np.vstack([np.ones_like(counts[:1]), counts]) for counts in drawn]
    # The first round is the sample itself.
    pairs = (drawn[0] @ sizes[0]) * (drawn[1] @ sizes[1])
    rounds = np.einsum("ra,ab,rb->r", drawn[0], wins, drawn[1], optimize=True) / pairs
    low, high = np.quantile(rounds[1:], (0.025, 0.975))
    return Separation(float(rounds[0]), float(low), float(high))


def _cluster(sources: NDArray[np.str_]) -> NDArray[np.int64]:
    """A number [N] for each image's source; of its block, where there are few sources."""
    names, numbers = np.unique(sources, return_inverse=True)
    if len(names) >= MIN_SOURCES:
        return numbers
    return np.random.default_rng(0).permutation(len(sources)) % BLOCKS


def _count_wins(
    scores: Floats, ai: NDArray[np.int64], real: NDArray[np.int64], is_ai: NDArray[np.bool_]
) -> Floats:
    """Pairs of an AI-made and a real image in which the first scores higher, by clusters [A, B]."""
    columns = []
    for cluster in range(real.max() + 1):
        ordered = np.sort(scores[~is_ai][real == cluster])
        below = np.searchsorted(ordered, scores[is_ai], "left")
        up_to = np.searchsorted(ordered, scores[is_ai], "right")
        columns.append(np.bincount(ai, (below + up_to) / 2))  # a tie counts half
    return np.stack(columns, axis=1)


def _count_fewest_sources(sample: Sample) -> int:
    return min(len(set(sample.sources[sample.is_ai == which].tolist())) for which in (True, False))
