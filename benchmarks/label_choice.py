"""Labels chosen because the live model is uncertain, against labels chosen by chance.

    python -m benchmarks.label_choice [FOLDER]

Over the features beside a model (`ntf features`): people label pictures of the part `calibration`,
whose sources the encoder never saw; heads are learned with them as in retraining, and ranked on
hold-out photographs and the AI-made images of small generators, which the encoder never saw
either. Printed: the area under the curve, mean over seeds and the spread, by number of labels.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ntf.feature_parts import IMAGES_OF_A_SLICE
from ntf.feature_set import FILE, FeatureSet, load_features
from ntf.features import FeatureReader
from ntf.fit_heads import fit_heads
from ntf.heads import Heads
from ntf.predictor import SHIPPED
from ntf.strata import HEADLINE
from worker.retrain import LABELS_OVER_REPLAY, MOST_OF_A_LABEL

COUNTS, SEEDS = (20, 40, 80, 160), 5
# Of the pictures sent to people, those that are spot checks: as chance has it.
SPOT_CHECKS = 0.1

Mask = NDArray[np.bool_]


def area(scores: NDArray[np.float32], is_ai: Mask) -> float:
    """Area under the curve; ties count half."""
    ai, real = scores[is_ai], scores[~is_ai]
    above = (ai[:, None] > real).mean() + (ai[:, None] == real).mean() / 2
    return float(above)


def unseen(holdout: FeatureSet) -> FeatureSet:
    """Photographs, and the generators that were too small to be trained on."""
    sources = [one.source for one in holdout.described]
    large = {source for source in sources if sources.count(source) >= IMAGES_OF_A_SLICE}
    return holdout.select(
        np.array([not one.is_ai or one.source not in large for one in holdout.described])
    )


def choose(live: Heads, pool: FeatureSet, count: int, seed: int, *, by_doubt: bool) -> Mask:
    """Which pictures people are asked about."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pool))
    if by_doubt:
        spot = order[: round(SPOT_CHECKS * count)]
        # A part of the pool is what a week brings; the most doubtful of it go to people.
        week = order[: min(len(pool), 2 * count)]
        doubt = np.abs(live.logits(pool.pooled[week]))
        order = np.concatenate([spot, week[np.argsort(doubt)]])
    chosen = np.zeros(len(pool), bool)
    for index in order:
        if chosen.sum() == count:
            break
        chosen[index] = True
    return chosen


def learn(live: Heads, replay: FeatureSet, labels: FeatureSet) -> Heads:
    """As retraining does."""
    weight = min(MOST_OF_A_LABEL, LABELS_OVER_REPLAY * len(replay) / len(labels))
    weights = np.concatenate([np.ones(len(replay)), np.full(len(labels), weight)])
    return fit_heads(live, replay.join(labels), weights)


def main() -> None:
    """Print the table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED
    features = load_features(folder / FILE)
    live = FeatureReader(folder).heads
    calibration = features.part("calibration")
    pool = calibration.select(
        np.array([one.stratum == HEADLINE.name for one in calibration.described])
    )
    replay, judged = features.part("replay"), unseen(features.part("holdout"))
    ai = int(judged.is_ai.sum())
    print(f"{len(pool)} pictures to choose from, {int(pool.is_ai.sum())} AI-made;")
    print(f"judged on {ai} AI-made images and {len(judged) - ai} photographs;")
    print(f"the live model: {area(live.logits(judged.pooled), judged.is_ai):.3f}\n")
    print("| labels | by doubt | by chance |\n|---|---|---|")
    for count in COUNTS:
        cells = []
        for by_doubt in (True, False):
            found = []
            for seed in range(SEEDS):
                chosen = choose(live, pool, count, seed, by_doubt=by_doubt)
                heads = learn(live, replay, pool.select(chosen))
                found.append(area(heads.logits(judged.pooled), judged.is_ai))
            cells.append(f"{np.mean(found):.3f} ± {np.std(found):.3f}")
        print(f"| {count} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
