"""What was found in one picture, in the few words that every other system can take."""

from collections.abc import Sequence
from dataclasses import dataclass

ADVICE = "It advises; a person decides."
SENTENCES = {
    "likely_ai": "likely AI-made",
    "uncertain": "uncertain whether AI-made",
    "no_evidence": "no evidence of AI",
    "not_assessable": "cannot be assessed",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that has ended.

    Attributes:
        media: what the other system calls the picture.
        label, score: of the verdict; None where the check failed.
        is_flagged: whether a moderator is to look; people's decisions stand over the label.
        says: what people decided on this picture, if they did.
        failure: why it failed.
    """

    media: str
    check_id: str
    label: str | None = None
    score: float | None = None
    failure: str | None = None
    is_flagged: bool = False
    says: str | None = None


def has_flagged(findings: Sequence[Finding]) -> bool:
    """Whether a moderator is to look at any of the pictures."""
    return any(finding.is_flagged for finding in findings)


def describe(finding: Finding) -> str:
    """One line for a moderator."""
    if finding.label is None:
        return f"{finding.media}: not checked ({finding.failure})"
    score = "" if finding.score is None else f", score {finding.score:.2f}"
    people = "" if finding.says is None else f"; people decided: {finding.says}"
    return f"{finding.media}: {SENTENCES[finding.label]}{score}{people} (check {finding.check_id})"


def describe_all(findings: Sequence[Finding]) -> str:
    """A note: a line for each picture, and what the note is worth."""
    return "\n".join([*map(describe, findings), ADVICE])
