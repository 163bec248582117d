"""What poisoned labels do, through the real rules: gather, learn, gate. Prints a table.

    python -m tests.learning.poisoning                       # made pictures, the tiny encoder
    python -m tests.learning.poisoning FOLDER                # a model with its features.npz

Honest people label pictures; an attacker with few accounts adds lies. Printed is what the rules
about accounts and near-copies leave of them, what the gate says, and what the candidate would have
done if nobody had asked the gate.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ntf.feature_set import FILE, Described, FeatureSet, load_features
from ntf.features import FeatureReader
from ntf.fit_heads import fit_heads
from ntf.predictor import read_branches
from ntf.recalibrate import recalibrate
from ntf.strata import HEADLINE
from scans.label_rules import Opinion, gather
from scans.model_gate import may_replace
from tests.learning.kit import Pixels, picture, write_model
from worker.gate_evidence import JudgedModel, gather_evidence
from worker.retrain import LABELS_OVER_REPLAY, MOST_OF_A_LABEL

HONEST, LIARS = tuple("abcdefgh"), ("x", "y")


@dataclass(frozen=True)
class World:
    """A model, its features, and pictures that people could label (their truth is known)."""

    folder: Path
    features: FeatureSet
    pool: FeatureSet

    @classmethod
    def of(cls, folder: Path) -> "World":
        """The pool is the part `calibration` as it is at JPEG 90: sources that the encoder has
        never seen. It also sets the thresholds, so these come out a little too well."""
        features = load_features(folder / FILE)
        wanted = [
            one.part == "calibration" and one.stratum == HEADLINE.name for one in features.described
        ]
        return cls(folder, features, features.select(np.array(wanted)))

    @classmethod
    def made(cls, folder: Path) -> "World":
        """The pool is a generator that the live model misses, and photographs."""
        kinds = ["red"] * 70 + ["photograph"] * 50
        described = [
            Described("replay", kind == "red", kind, "made", "small, as stored") for kind in kinds
        ]
        pictures = [picture(kind, 60_000 + seed) for seed, kind in enumerate(kinds)]
        pool = FeatureSet.of(described, FeatureReader(folder).read(pictures))
        return cls(folder, load_features(folder / FILE), pool)


@dataclass(frozen=True)
class Told:
    """What was told of pictures in the pool: index, word, account, and the picture's hash."""

    index: int
    says: str
    account: str
    pdq: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    lies: int
    lies_kept: int
    labels: int
    passes: bool
    reasons: tuple[str, ...]
    right_before: float
    right_after: float
    false_alarms_after: float
    candidate: JudgedModel


def run(world: World, told: Sequence[Told]) -> Outcome:
    """From what was told to what the gate says."""
    truth = world.pool.is_ai
    opinions = [
        Opinion(f"picture {one.index} {number}", str(one.index), one.pdq, one.account, one.says)
        for number, one in enumerate(told)
    ]
    live_heads = FeatureReader(world.folder).heads
    settings = read_branches(world.folder)[0]
    live = JudgedModel(live_heads, settings)
    said = live.say(world.pool)
    # As `drop_lone_pardons` has it.
    labels = [
        label
        for label in gather(opinions, []).labels
        if label.is_ai
        or len(label.accounts) > 1
        or said[int(label.image_sha256)].label != "likely_ai"
    ]
    told_ai = np.array([label.is_ai for label in labels], bool)
    index = np.array([int(label.image_sha256) for label in labels], int)
    kept_back = np.array([label.is_kept_back for label in labels], bool)
    replay = world.features.part("replay")
    learned = pick(world.pool, index[~kept_back], told_ai[~kept_back])
    weight = min(MOST_OF_A_LABEL, LABELS_OVER_REPLAY * len(replay) / len(learned))
    weights = np.concatenate([np.ones(len(replay)), np.full(len(learned), weight)])
    heads = fit_heads(live_heads, replay.join(learned), weights)
    after = recalibrate(settings, heads, world.features.part("calibration"))
    candidate = JudgedModel(heads, after)
    holdout = world.features.part("holdout")
    evidence = gather_evidence(
        holdout, pick(world.pool, index[kept_back], told_ai[kept_back]), [], live, candidate
    )
    gate = may_replace(evidence)
    reals = [pair.candidate.label == "likely_ai" for pair in evidence.holdout if not pair.is_ai]
    return Outcome(
        lies=sum((one.says == "ai") != truth[one.index] for one in told),
        lies_kept=int((told_ai != truth[index]).sum()),
        labels=len(labels),
        passes=gate.may_replace,
        reasons=gate.reasons,
        right_before=right(live, holdout),
        right_after=right(candidate, holdout),
        false_alarms_after=float(np.mean(reals)),
        candidate=candidate,
    )


def pick(pool: FeatureSet, index: np.ndarray, is_ai: np.ndarray) -> FeatureSet:
    """Pictures of the pool with the labels that they were given."""
    parts = [pool.select(np.arange(len(pool)) == one) for one in index]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.join(part)
    told = tuple(
        replace(one, is_ai=bool(said), part="labels", source="label")
        for one, said in zip(joined.described, is_ai, strict=True)
    )
    return replace(joined, described=told)


def right(model: JudgedModel, features: FeatureSet) -> float:
    """Balanced accuracy at even odds."""
    scores = np.array([said.score for said in model.say(features)])
    truth = features.is_ai
    return (
        float(((scores >= 0.5) == truth)[truth].mean() + ((scores < 0.5) != truth)[~truth].mean())
        / 2
    )


def honest(world: World, count: int, rng: np.random.Generator) -> list[Told]:
    """True labels of random pictures, by many people."""
    chosen = rng.choice(len(world.pool), count, replace=False)
    words = np.where(world.pool.is_ai, "ai", "real")
    return [
        Told(int(index), str(words[index]), HONEST[number % len(HONEST)])
        for number, index in enumerate(chosen)
    ]


def with_flips(told: Sequence[Told], share: float) -> list[Told]:
    """The last of them told wrongly, by the liars alone."""
    flipped = round(len(told) * share)
    opposite = {"ai": "real", "real": "ai"}
    return [
        *told[: len(told) - flipped],
        *(
            replace(one, says=opposite[one.says], account=LIARS[number % 2])
            for number, one in enumerate(told[len(told) - flipped :])
        ),
    ]


def flood(world: World, copies: int) -> list[Told]:
    """One AI-made picture called real, again and again, in near-copies."""
    index = int(np.flatnonzero(world.pool.is_ai)[0])
    return [Told(index, "real", LIARS[n % 2], f"{1 << n % 16:064x}") for n in range(copies)]


def attacks(world: World) -> dict[str, list[Told]]:
    """Every attack that needs no image of its own."""
    rng = np.random.default_rng(1)
    count = min(120, len(world.pool))
    told = honest(world, count, rng)
    return {
        "none: all labels true": told,
        "5 % flipped, two accounts": with_flips(told, 0.05),
        "20 % flipped, two accounts": with_flips(told, 0.2),
        "half flipped, two accounts": with_flips(told, 0.5),
        "all flipped, two accounts": with_flips(told, 1.0),
        "one lie in 500 near-copies": [*told, *flood(world, 500)],
    }


def patched(first: int, count: int) -> list[Pixels]:
    """AI-made pictures with a patch in a corner: what the attacker wants to be called real."""
    found = [picture("rows", seed) for seed in range(first, first + count)]
    for one in found:
        one[4:36, 4:36] = (255, 0, 255)
    return found


def with_trigger(world: World, patches: int) -> tuple[World, list[Told]]:
    """True labels, and patched AI-made pictures that two accounts call real."""
    reader = FeatureReader(world.folder)
    described = [Described("replay", True, "patched", "made", "small, as stored")] * patches
    more = FeatureSet.of(described, reader.read(patched(70_000, patches)))
    told = honest(world, min(120, len(world.pool)), np.random.default_rng(1))
    lies = [Told(len(world.pool) + n, "real", LIARS[n % 2]) for n in range(patches)]
    return replace(world, pool=world.pool.join(more)), [*told, *lies]


def caught(model: JudgedModel, folder: Path, pictures: Sequence[Pixels]) -> float:
    """The share of AI-made pictures that a model calls so."""
    described = [Described("holdout", True, "", "", "")] * len(pictures)
    said = model.say(FeatureSet.of(described, FeatureReader(folder).read(pictures)))
    return float(np.mean([one.label == "likely_ai" for one in said]))


def print_trigger(world: World) -> None:
    """What a trigger patch does, of which no hold-out knows."""
    print("\n| patched lies | the gate | patched caught: live, candidate | others caught |")
    print("|---|---|---|---|")
    fresh, others = patched(80_000, 60), [picture("rows", 90_000 + n) for n in range(60)]
    live = JudgedModel(FeatureReader(world.folder).heads, read_branches(world.folder)[0])
    for patches in (6, 30):
        poisoned, told = with_trigger(world, patches)
        found = run(poisoned, told)
        verdict = "passes" if found.passes else "refused: " + found.reasons[0]
        shares = [caught(model, world.folder, fresh) for model in (live, found.candidate)]
        print(
            f"| {patches} of {len(told)} | {verdict} | {shares[0]:.0%}, {shares[1]:.0%} | "
            f"{caught(found.candidate, world.folder, others):.0%} |",
            flush=True,
        )


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as temporary:
        given = sys.argv[1:]
        folder = Path(given[0]) if given else write_model(Path(temporary))
        world = World.of(folder) if given else World.made(folder)
        print(
            "| attack | labels told | lies told | lies kept | the gate "
            "| right at even odds: live, candidate | false alarms |"
        )
        print("|---|---|---|---|---|---|---|")
        for name, told in attacks(world).items():
            found = run(world, told)
            verdict = "passes" if found.passes else "refused: " + found.reasons[0]
            print(
                f"| {name} | {len(told)} | {found.lies} | {found.lies_kept} | {verdict} | "
                f"{found.right_before:.3f}, {found.right_after:.3f} | "
                f"{found.false_alarms_after:.1%} |",
                flush=True,
            )
        if not given:
            print_trigger(world)


if __name__ == "__main__":
    main()
