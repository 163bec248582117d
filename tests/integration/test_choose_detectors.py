"""Which detector a worker works with, by the rows: one question for the live one and the canary."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session, sessionmaker

from scans.errors import RetrainingBusy
from scans.models import (
    Choice,
    ModelFacts,
    Wanted,
    add_candidate,
    begin_canary,
    choose_detectors,
    make_live,
    promote,
    roll_back,
)
from scans.retraining_rows import alone

STORED = "b" * 64


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """Nothing of it stays: other tests' workers have a live model in the same table."""
    with sessions() as session:
        yield session
        session.rollback()


def facts_of(version: str) -> ModelFacts:
    return ModelFacts(version, "a detector", "1", 0.9, 0.1, 64)


BROUGHT, LEARNED = facts_of("brought"), facts_of("learned")


def learn(session: Session) -> None:
    make_live(session, BROUGHT)
    add_candidate(session, LEARNED, learned_from=BROUGHT.version, stored_sha256=STORED)


def test_what_the_operator_brings_is_to_be_made_live(session: Session) -> None:
    assert choose_detectors(session, BROUGHT).live is None
    make_live(session, BROUGHT)
    assert choose_detectors(session, BROUGHT) == Choice(Wanted("brought", None), None)
    assert choose_detectors(session, facts_of("newer")).live is None


def test_a_candidate_is_nobodys_until_it_is_a_canary(session: Session) -> None:
    learn(session)
    assert choose_detectors(session, BROUGHT).canary is None
    begin_canary(session, "learned", {})
    wanted = Choice(Wanted("brought", None), Wanted("learned", STORED))
    assert choose_detectors(session, BROUGHT) == wanted


def test_what_went_live_is_judged_with_until_it_is_rolled_back(session: Session) -> None:
    learn(session)
    begin_canary(session, "learned", {})
    promote(session, "learned", {})
    assert choose_detectors(session, BROUGHT) == Choice(Wanted("learned", STORED), None)
    roll_back(session, "worse")
    assert choose_detectors(session, BROUGHT) == Choice(Wanted("brought", None), None)


def test_one_process_retrains_at_a_time_and_others_can_afterwards(
    sessions: sessionmaker[Session],
) -> None:
    for _ in range(2):
        with alone(sessions), pytest.raises(RetrainingBusy), alone(sessions):
            pass
