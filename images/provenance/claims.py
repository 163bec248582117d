"""What a file says about itself, as facts. What they weigh is decided elsewhere."""

from dataclasses import dataclass
from typing import Literal

ClaimKind = Literal["c2pa", "iptc", "generator_text", "exif"]
ClaimState = Literal[
    # C2PA; every file has exactly one of these.
    "none",
    "invalid",
    "expired",
    "unknown_issuer",
    "trusted",
    "not_fetched",
    # Unsigned metadata.
    "declared",
    "processed",
    "camera",
    "software",
    # Any kind.
    "unreadable",
]
MAX_NAME_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class FileClaim:
    """One thing that a file says about itself.

    Attributes:
        kind: where it stands in the file.
        state: `none`, `invalid`, `expired`, `unknown_issuer`, `trusted` and `not_fetched` (kept at
            an address) are C2PA's. `declared` is a plain statement, `processed` one that leaves
            open whether a model drew the picture. `camera` and `software` are mentions.
            `unreadable`: there is something that is too large, or refused, to be read.
        source_type: the last word of a digital source type (IPTC NewsCodes, digitalsourcetype).
        who: issuer of the signature, generator, software or camera; printable, and short.
        tool: claim generator (C2PA), or model (generator text); printable, and short.
        trust_list: which trust list a signature was held against (C2PA); none where none is set.
    """

    kind: ClaimKind
    state: ClaimState
    source_type: str | None = None
    who: str | None = None
    tool: str | None = None
    trust_list: str | None = None


def printable(text: object, max_characters: int = MAX_NAME_CHARACTERS) -> str | None:
    """A stranger's name, safe to store and to show on a page or a terminal.

    Control, direction and surrogate characters are dropped: they move cursors, turn text around
    and are refused by databases. None if nothing is left.
    """
    if not isinstance(text, str):
        return None
    shown = "".join(mark for mark in text[: 4 * max_characters] if mark.isprintable())
    shown = " ".join(shown.split())
    return (shown[: max_characters - 1] + "…" if len(shown) > max_characters else shown) or None
