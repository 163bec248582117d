"""Does work again while the database is away, where it is dearer to lose than to repeat."""

import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

PAUSES_SECONDS = (0.1, 0.3, 1.0, 2.0, 3.0, 4.0)

log = structlog.get_logger()


def outlast_database(work: Callable[[], None], sleep: Callable[[float], None] = time.sleep) -> None:
    """Do the work, again after each pause while the database does not answer.

    The work must be safe to repeat, since a commit whose answer was lost may have come about.

    Raises:
        OperationalError, InterfaceError: the database was away for longer than all pauses.
    """
    for pause_seconds in PAUSES_SECONDS:
        try:
            return work()
        except (OperationalError, InterfaceError) as error:
            log.warning("database_away", again_after_seconds=pause_seconds, reason=str(error.orig))
            sleep(pause_seconds)
    return work()
