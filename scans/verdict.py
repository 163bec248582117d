"""The rule that turns a measurement into words. Pure: the standard library alone.

The words are the product's promise: never "fake", never "real", never 0 % or 100 %. `likely_ai`
means *let a person look*, never *remove*.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Any, Literal

Label = Literal["likely_ai", "uncertain", "no_evidence", "not_assessable"]
Strength = Literal["strong", "moderate", "weak", "none"]
Direction = Literal["ai", "no_ai", "neither"]

SCORE_FLOOR, SCORE_CEILING = 0.01, 0.99
JUDGEABLE_SIDE_PX = 16
PARTIAL_COVERAGE = 0.5

LIMIT_SENTENCES = {
    "too_small": "The image is too small to judge: {width} × {height} px.",
    "small": "Seen at {width} × {height} px only; a larger version would tell more.",
    "partly_seen": "Only {coverage:.0%} of the image was looked at, in crops at full resolution.",
    "animated_three_frames": "The image is animated; its first, middle and last frames were judged,"
    " and the most suspicious of them decides.",
    "animated_first_frame": "The image is animated; only its first frame was judged.",
    "first_page_only": "The file has several pages or pictures; only the first was judged.",
    "depth_reduced": "The image has more than 8 bits a channel; it was judged at 8.",
    "cmyk_converted": "The image was made for print (CMYK) and was converted to RGB to be judged.",
    "alpha_flattened": "Transparent parts were judged as if on white.",
    "alpha_two_grounds": "Transparent parts were judged as if on white and as if on black, and the"
    " more suspicious of the two decides.",
    "gain_map_ignored": "The file also holds a version for bright (HDR) screens, which was not"
    " judged.",
    "flat_graphic": "This looks like a flat graphic, a chart or a screenshot; only photographs and"
    " pictures like them can be judged.",
    "destroyed": "Compression has destroyed what could be judged.",
    "looks_disagree": "Parts or copies of the image gave very different answers.",
    "truncated": "The file ends early; only the part that is there was judged.",
    "taken_from_screen": "Taken from a screen: scaling and overlays have changed the pixels.",
    "contradiction": "What the pixels show and what the file says about itself do not agree.",
}
ALWAYS_LIMIT = (
    "statistical",
    "This is a statistical estimate, not proof. Let a person decide before anyone is affected.",
)
SMALL_SIDE_PX = 256
# What the detector may doubt of its own answer, and what the label becomes then.
OUTSIDE = {"flat_graphic", "destroyed"}
DISAGREEMENT = "looks_disagree"


@dataclass(frozen=True, slots=True)
class PixelFinding:
    """What the detector measured on one image. `raw_score` is a probability, unclipped.

    `doubts` are stable codes, each with a sentence in `LIMIT_SENTENCES`.
    """

    raw_score: float
    real_photo_p: float
    calibration_count: int
    coverage: float
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the decoder found: sides in pixels, and notes as stable codes."""

    width_px: int
    height_px: int
    limits: tuple[str, ...] = ()

    @property
    def short_side_px(self) -> int:
        """The side that decides whether there is enough to judge."""
        return min(self.width_px, self.height_px)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the labels begin, on `raw_score`; they belong to one model version."""

    likely_ai_at: float
    no_evidence_below: float
    min_side_px: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line of evidence: its kind, how much it weighs, a sentence, and where it is from.

    `state` is what a file's own word was found to be (`trusted`, `invalid`, …); pixels have none.
    """

    kind: str
    strength: Strength
    sentence: str
    source: str
    state: str | None = None
    points_to: Direction = "neither"
    contradicts_pixels: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing that weakens the verdict: a stable code and a sentence."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class DecidedVerdict:
    """The answer to one check. Scores are null only where no pixels could be judged."""

    label: Label
    score: float | None
    raw_score: float | None
    real_photo_p: float | None
    evidence: tuple[Evidence, ...]
    limits: tuple[Limit, ...]

    def evidence_rows(self) -> list[dict[str, Any]]:
        """The evidence as it is stored and sent."""
        return [asdict(line) for line in self.evidence]

    def limit_rows(self) -> list[dict[str, Any]]:
        """The limits as they are stored and sent."""
        return [asdict(limit) for limit in self.limits]


def decide_verdict(
    finding: PixelFinding | None,
    facts: ImageFacts,
    thresholds: Thresholds,
    declared: tuple[Evidence, ...] = (),
) -> DecidedVerdict:
    """Say what the measurement means, with its evidence and its limits.

    What the file declares about itself never moves the score, and never lowers the label. It only
    keeps the service from saying "no evidence" over a file that says of itself that it is AI-made.
    """
    limits = find_limits(finding, facts, thresholds)
    if finding is None:
        return DecidedVerdict("not_assessable", None, None, None, declared, tuple(limits))
    label = choose_label(finding, facts, thresholds)
    pixels = describe_pixels(finding, label)
    lines = tuple(replace(line, contradicts_pixels=_contradicts(line, pixels)) for line in declared)
    if any(line.contradicts_pixels for line in lines):
        limits.insert(0, Limit("contradiction", LIMIT_SENTENCES["contradiction"]))
    if label == "no_evidence" and any(map(_is_ai_declared, lines)):
        label = "uncertain"
    return DecidedVerdict(
        label=label,
        score=clip_score(finding.raw_score),
        raw_score=finding.raw_score,
        real_photo_p=finding.real_photo_p,
        evidence=(pixels, *lines),
        limits=tuple(limits),
    )


def _contradicts(line: Evidence, pixels: Evidence) -> bool:
    return {line.points_to, pixels.points_to} == {"ai", "no_ai"} and line.strength != "none"


def _is_ai_declared(line: Evidence) -> bool:
    return line.points_to == "ai" and line.strength in {"moderate", "strong"}


def combine_views(
    findings: Sequence[PixelFinding], thresholds: Thresholds
) -> tuple[int, PixelFinding]:
    """One finding for a file that shows several pictures (frames, grounds), and whose it is.

    The most suspicious view decides, of those that can be judged at all. Each view is one more
    chance for a false alarm, so its p-value is multiplied by their number (Bonferroni); and where
    one view is likely AI-made and another shows no evidence, the answer is a doubt for a person.
    """
    inside = [one for one in findings if not OUTSIDE & set(one.doubts)] or list(findings)
    most = max(inside, key=lambda one: one.raw_score)
    least = min(one.raw_score for one in inside)
    doubts = most.doubts
    is_split = most.raw_score >= thresholds.likely_ai_at and least < thresholds.no_evidence_below
    if is_split and DISAGREEMENT not in doubts:
        doubts += (DISAGREEMENT,)
    combined = replace(
        most, real_photo_p=min(1.0, most.real_photo_p * len(findings)), doubts=doubts
    )
    return findings.index(most), combined


def can_judge_pixels(facts: ImageFacts) -> bool:
    """Whether there are enough pixels for the detector to look at, if not to decide on."""
    return facts.short_side_px >= JUDGEABLE_SIDE_PX


def choose_label(finding: PixelFinding, facts: ImageFacts, thresholds: Thresholds) -> Label:
    """Abstain first; then the two thresholds, and `uncertain` between them."""
    if facts.short_side_px < thresholds.min_side_px or OUTSIDE & set(finding.doubts):
        return "not_assessable"
    if DISAGREEMENT in finding.doubts:
        return "uncertain"
    if finding.raw_score >= thresholds.likely_ai_at:
        return "likely_ai"
    if finding.raw_score < thresholds.no_evidence_below:
        return "no_evidence"
    return "uncertain"


def clip_score(raw_score: float) -> float:
    """The score as shown: no detector earns 0 % or 100 %."""
    return min(max(raw_score, SCORE_FLOOR), SCORE_CEILING)


def describe_pixels(finding: PixelFinding, label: Label) -> Evidence:
    """The evidence line of the detector, built from its figures."""
    strength: dict[Label, Strength] = {
        "likely_ai": "strong" if finding.real_photo_p <= 0.005 else "moderate",
        "uncertain": "weak",
        "no_evidence": "none",
        "not_assessable": "none",
    }
    points_to: dict[Label, Direction] = {"likely_ai": "ai", "no_evidence": "no_ai"}
    return Evidence(
        "pixels",
        strength[label],
        describe_rarity(finding),
        "Natural Trace Forensics",
        points_to=points_to.get(label, "neither"),
    )


def describe_rarity(finding: PixelFinding) -> str:
    """The share of real photographs that look at least this unusual, in words.

    With n calibration photographs no share below 1 / (n + 1) can be told apart from none, so the
    sentence says "fewer than" there.
    """
    n = finding.calibration_count
    in_thousand = ceil(finding.real_photo_p * 1000 - 1e-9)
    if n and finding.real_photo_p <= 1.5 / (n + 1):
        return f"Fewer than {in_thousand + 1} of 1,000 real photographs look this unusual."
    return f"{in_thousand:,} of 1,000 real photographs look at least this unusual."


def find_limits(
    finding: PixelFinding | None, facts: ImageFacts, thresholds: Thresholds
) -> list[Limit]:
    """Everything that weakens this verdict, the general sentence last."""
    codes = [note for note in facts.limits if note in LIMIT_SENTENCES]
    if facts.short_side_px < thresholds.min_side_px:
        codes.insert(0, "too_small")
    elif facts.short_side_px < SMALL_SIDE_PX:
        codes.insert(0, "small")
    if finding is not None:
        codes += [doubt for doubt in finding.doubts if doubt in LIMIT_SENTENCES]
        if finding.coverage < PARTIAL_COVERAGE:
            codes.append("partly_seen")
    coverage = finding.coverage if finding else 0.0
    said = [Limit(code, _limit_sentence(code, facts, coverage)) for code in codes]
    return [*said, Limit(*ALWAYS_LIMIT)]


def _limit_sentence(code: str, facts: ImageFacts, coverage: float) -> str:
    return LIMIT_SENTENCES[code].format(
        width=facts.width_px, height=facts.height_px, coverage=coverage
    )
