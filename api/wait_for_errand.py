"""Hold an answer until an errand's pictures are judged, or for as long as its caller waits."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from api.request_check import FIRST_LOOK_SECONDS, LATER_LOOK_SECONDS
from scans.errands import list_checks_of
from scans.flags import find_sayings, is_flagged
from scans.tables import OPEN_STATUSES


@dataclass(frozen=True, slots=True)
class Found:
    """What became of an errand's pictures.

    Attributes:
        is_flagged: whether any of them counts as AI-made.
        is_judged: whether each of them has a verdict.
    """

    is_flagged: bool
    is_judged: bool


def wait_for_errand(
    errand_id: UUID,
    seconds: float,
    sessions: sessionmaker[Session],
    sleep: Callable[[float], None],
) -> Found | None:
    """What was found, as soon as all checks have ended; None where that takes longer."""
    deadline = time.monotonic() + seconds
    pause = FIRST_LOOK_SECONDS
    while (found := read_found(errand_id, sessions)) is None and time.monotonic() < deadline:
        sleep(min(pause, max(0.0, deadline - time.monotonic())))
        pause = min(pause * 1.5, LATER_LOOK_SECONDS)
    return found


def read_found(errand_id: UUID, sessions: sessionmaker[Session]) -> Found | None:
    """What was found; None while there are no checks yet, or open ones."""
    with sessions.begin() as session:
        checks = [row.check for row in list_checks_of(session, errand_id)]
        if not checks or any(check.status in OPEN_STATUSES for check in checks):
            return None
        said = find_sayings(session, checks[0].tenant_id, checks)
    flagged = [
        is_flagged(check.verdict.label, said.get(check.id)) for check in checks if check.verdict
    ]
    return Found(any(flagged), is_judged=len(flagged) == len(checks))
