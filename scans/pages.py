"""Pages of a list by cursor: where the last page ended, so that new rows move nothing."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from scans.errors import CursorInvalid

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the time and the id of its last row."""

    at: datetime
    row_id: UUID


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursor of those after them; None at the end."""

    rows: Sequence[Row]
    next_cursor: str | None


def write_cursor(position: Position) -> str:
    """The position as a caller keeps it. Opaque, not secret: each list filters by tenant."""
    text = f"{position.at.isoformat()} {position.row_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Position:
    """Back from what a caller kept.

    Raises:
        CursorInvalid: no list of ours wrote it.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        at, row_id = text.decode("ascii").split(" ")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return Position(moment, UUID(row_id))
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise CursorInvalid("This cursor is not known here. Begin again without one.") from error
