"""Dear work outlasts a database that starts again, and says so when it stays away."""

import pytest
from sqlalchemy.exc import OperationalError

from worker.outlast import PAUSES_SECONDS, outlast_database


def away() -> OperationalError:
    return OperationalError("SELECT 1", {}, Exception("the server closed the connection"))


def test_it_is_done_when_the_database_is_back() -> None:
    answers = iter([away(), away(), None])
    pauses: list[float] = []

    def work() -> None:
        if error := next(answers):
            raise error

    outlast_database(work, pauses.append)
    assert pauses == list(PAUSES_SECONDS[:2])


def test_a_database_that_stays_away_is_an_error() -> None:
    def work() -> None:
        raise away()

    with pytest.raises(OperationalError):
        outlast_database(work, lambda _: None)
