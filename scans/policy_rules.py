"""What a tenant wants to happen after a verdict: a person looks, someone is told, or nothing.

Never a removal: there is no word for it. Pure: the standard library alone. A policy is lines, and
the first that fits decides; where none fits, the built-in rule does (`scans/review_rules.py`):

    # label      provenance     kind         what happens
    likely_ai    *              moderation   queue
    uncertain    declares_ai    *            notify
    *            *              backfill     nothing
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

from scans.errors import PolicyInvalid

Provenance = Literal["declares_ai", "declares_camera", "contradiction", "silent"]
Kind = Literal["interactive", "moderation", "backfill"]
Happening = Literal["queue", "notify", "nothing", "built-in"]

ANY = "*"
LABELS = ("likely_ai", "uncertain", "no_evidence", "not_assessable")
WORDS: Mapping[str, tuple[str, ...]] = {
    "label": LABELS,
    "provenance": get_args(Provenance),
    "kind": get_args(Kind),
}
HAPPENINGS = ("queue", "notify", "nothing")
MAX_LINES = 50


@dataclass(frozen=True, slots=True)
class Facts:
    """What a line can ask about."""

    label: str
    provenance: str
    kind: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `*` fits everything."""

    label: str
    provenance: str
    kind: str
    happens: Happening

    def fits(self, facts: Facts) -> bool:
        """Whether this line is about such a verdict."""
        return all(getattr(self, name) in (ANY, getattr(facts, name)) for name in Facts.__slots__)


Policy = tuple[Line, ...]


def read_policy(text: str) -> Policy:
    """Lines of four words; empty lines and what follows `#` are skipped.

    Raises:
        PolicyInvalid: names the line and the word.
    """
    lines = []
    for number, row in enumerate(text.splitlines(), 1):
        words = row.partition("#")[0].split()
        if words:
            lines.append(_read_line(number, words))
    if len(lines) > MAX_LINES:
        raise PolicyInvalid(f"A policy has at most {MAX_LINES} lines.")
    return tuple(lines)


def _read_line(number: int, words: Sequence[str]) -> Line:
    if len(words) != 4:
        raise PolicyInvalid(f"Line {number} has {len(words)} words; four are needed.")
    for (name, known), word in zip(WORDS.items(), words[:3], strict=True):
        if word not in (ANY, *known):
            raise PolicyInvalid(f"Line {number}: {word!r} is no {name}; use {ANY} or {known}.")
    if words[3] not in HAPPENINGS:
        raise PolicyInvalid(f"Line {number}: {words[3]!r} cannot happen; use one of {HAPPENINGS}.")
    return Line(words[0], words[1], words[2], cast(Happening, words[3]))


def choose_happening(policy: Policy, facts: Facts) -> Happening:
    """What happens after such a verdict."""
    return next((line.happens for line in policy if line.fits(facts)), "built-in")


def find_provenance(evidence: Sequence[Mapping[str, object]]) -> Provenance:
    """What a verdict's evidence says of the file's own word."""
    declared = [line for line in evidence if line["kind"] != "pixels"]
    if any(line.get("contradicts_pixels") for line in declared):
        return "contradiction"
    strong = [line for line in declared if line.get("strength") in ("moderate", "strong")]
    if any(line.get("points_to") == "ai" for line in strong):
        return "declares_ai"
    if any(line.get("points_to") == "no_ai" for line in strong):
        return "declares_camera"
    return "silent"


def compare_policies(before: Policy, after: Policy, past: Sequence[Facts]) -> dict[str, int]:
    """Of past verdicts, how many would have gone which way: `queue to nothing`, or `unchanged`."""
    counts: Counter[str] = Counter()
    for facts in past:
        was, would = choose_happening(before, facts), choose_happening(after, facts)
        counts["unchanged" if was == would else f"{was} to {would}"] += 1
    return dict(counts.most_common())
