"""Whether a candidate may replace the live model. Pure: the standard library alone.

Both are judged on the same images, so what counts is where they differ: of the images that exactly
one of them gets right, an equal model gets half (McNemar's exact test).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

MIN_IMAGES_OF_A_SLICE = 50
ERROR_RATE = 0.05
FALSE_ALARMS_PROMISED = 0.01


@dataclass(frozen=True, slots=True)
class Said:
    """What one model says of one image: its raw score, and the label by its own thresholds."""

    score: float
    label: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One image under both models.

    Attributes:
        slices: what it counts for, as `generator: sd1_4` or `compression: JPEG 60`.
    """

    slices: tuple[str, ...]
    is_ai: bool
    live: Said
    candidate: Said


@dataclass(frozen=True, slots=True)
class RegressionAnswer:
    """What the candidate says where people had reversed a model before."""

    review_id: str
    expected: str
    said: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the gate looks at.

    Attributes:
        holdout: images that neither model learned from to choose between them.
        labels: pictures that people decided on, kept back from the candidate's training.
        fresh_reals: the candidate's labels of real photographs, by stratum.
        regressions: one for each case.
    """

    holdout: Sequence[Pair]
    labels: Sequence[Pair]
    fresh_reals: Mapping[str, Sequence[str]]
    regressions: Sequence[RegressionAnswer]


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice, measured one way.

    Attributes:
        measure: `verdict` (no real image likely AI-made, no AI-made one without evidence) or
            `even odds` (the score on the right side of one half).
        broken, fixed: images that the candidate alone gets wrong, or right.
        chance: of so many broken ones or more, were both models equally good.
    """

    name: str
    measure: str
    images: int
    live_right: int
    candidate_right: int
    broken: int
    fixed: int
    chance: float
    is_worse: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """The answer: `reasons` says in sentences why not; empty where it may."""

    reasons: tuple[str, ...]
    slices: tuple[Slice, ...]

    @property
    def may_replace(self) -> bool:
        """Whether the candidate may go on."""
        return not self.reasons


def may_replace(evidence: Evidence) -> Gate:
    """Judge a candidate.

    It may not where it is worse beyond chance on any slice of at least `MIN_IMAGES_OF_A_SLICE`
    images (`ERROR_RATE`, divided by their number: Bonferroni), calls more real photographs likely
    AI-made than promised, repeats a mistake that people reversed, or is no better where labels
    said that the live model was wrong.
    """
    slices = compare_slices(evidence.holdout)
    reasons = [describe_worse(one) for one in slices if one.is_worse]
    reasons += check_false_alarms(evidence.fresh_reals)
    reasons += check_regressions(evidence.regressions)
    reasons += check_labels(evidence.labels)
    if not slices:
        reasons.append(f"No slice of the hold-out has {MIN_IMAGES_OF_A_SLICE} images.")
    return Gate(tuple(reasons), slices)


def compare_slices(pairs: Sequence[Pair]) -> tuple[Slice, ...]:
    """Every slice that is large enough, measured both ways."""
    members: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        for name in pair.slices:
            members[name].append(pair)
    large = {name: found for name, found in members.items() if len(found) >= MIN_IMAGES_OF_A_SLICE}
    bound = ERROR_RATE / max(1, len(large) * len(MEASURES))
    return tuple(
        compare(name, measure, found, bound)
        for name, found in sorted(large.items())
        for measure in MEASURES
    )


def compare(name: str, measure: str, pairs: Sequence[Pair], bound: float) -> Slice:
    """One slice, measured one way."""
    is_right = MEASURES[measure]
    rights = [
        (is_right(pair.live, pair.is_ai), is_right(pair.candidate, pair.is_ai)) for pair in pairs
    ]
    broken, fixed = rights.count((True, False)), rights.count((False, True))
    chance = chance_of(broken, broken + fixed, 0.5)
    both = rights.count((True, True))
    return Slice(
        name,
        measure,
        len(pairs),
        both + broken,
        both + fixed,
        broken,
        fixed,
        chance,
        is_worse=chance < bound,
    )


def is_right_verdict(said: Said, is_ai: bool) -> bool:
    """`uncertain` is no mistake on either side."""
    return said.label != ("no_evidence" if is_ai else "likely_ai")


def is_right_at_even_odds(said: Said, is_ai: bool) -> bool:
    """Which side of one half the score is on."""
    return (said.score >= 0.5) == is_ai


MEASURES: Mapping[str, Callable[[Said, bool], bool]] = {
    "verdict": is_right_verdict,
    "even odds": is_right_at_even_odds,
}


def describe_worse(found: Slice) -> str:
    """Why this slice stops the candidate."""
    return (
        f"Worse on {found.name} ({found.measure}): {found.candidate_right} of {found.images} right "
        f"instead of {found.live_right}; {found.broken} broken, {found.fixed} fixed, "
        f"by chance {found.chance:.2g}."
    )


def check_false_alarms(labels: Mapping[str, Sequence[str]]) -> list[str]:
    """Strata in which more reals are called likely AI-made than the promise can explain."""
    reasons = []
    for stratum, said in labels.items():
        alarms = sum(label == "likely_ai" for label in said)
        if chance_of(alarms, len(said), FALSE_ALARMS_PROMISED) < ERROR_RATE / len(labels):
            reasons.append(
                f"False alarms on {stratum}: {alarms} of {len(said)} real photographs; "
                f"{FALSE_ALARMS_PROMISED:.0%} is promised."
            )
    return reasons


def check_regressions(answers: Sequence[RegressionAnswer]) -> list[str]:
    """Cases in which the candidate says again what people reversed."""
    return [
        f"Regression case {answer.review_id}: people decided {answer.expected}, "
        f"the candidate says {answer.said}."
        for answer in answers
        if not is_right_verdict(Said(0.0, answer.said), answer.expected == "ai")
    ]


def check_labels(pairs: Sequence[Pair]) -> list[str]:
    """Whether the candidate is better than the live model on labels kept back, beyond chance."""
    found = compare("labels", "even odds", pairs, 0)
    if chance_of(found.fixed, found.broken + found.fixed, 0.5) < ERROR_RATE:
        return []
    return [
        f"Not better where people decided: of {found.images} labels kept back, "
        f"{found.fixed} fixed and {found.broken} broken."
    ]


def chance_of(successes: int, trials: int, share: float) -> float:
    """The chance of at least so many successes in independent trials of this share."""
    return sum(
        comb(trials, count) * share**count * (1 - share) ** (trials - count)
        for count in range(successes, trials + 1)
    )
