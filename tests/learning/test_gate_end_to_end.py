"""What retraining makes of labels, over real rows: let through, refused with reasons, resumed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from images.decode import DecodeLimits, decode_image
from ntf.feature_set import FeatureSet
from ntf.fit_heads import fit_heads
from ntf.heads import Heads
from ntf.predictor import Predictor
from scans.errors import RetrainingBusy
from scans.image_store import ImageStore
from scans.model_store import ModelStore
from scans.model_tables import ModelReport, Retraining
from scans.models import find_live_version
from scans.retraining_rows import alone
from scans.tables import ModelVersion
from tests.learning.kit import SURE, Pixels, picture
from tests.learning.people import Desk
from tests.learning.poisoning import patched
from worker import retrain as module
from worker.retrain import RetrainTools, retrain

pytestmark = pytest.mark.retraining
Sessions = sessionmaker[Session]
LIMITS = DecodeLimits(max_pixels=1_000_000)
BOTH = ("Ada", "Grace")


@pytest.fixture
def tools(sessions: Sessions, store: ImageStore, tmp_path: Path, live_model: Path) -> RetrainTools:
    return RetrainTools(
        sessions=sessions,
        store=store,
        models=ModelStore(tmp_path / "models"),
        configured=live_model,
        decode=lambda content: decode_image(content, LIMITS),
        min_labels=40,
    )


@pytest.fixture
def desk(sessions: Sessions, store: ImageStore) -> Desk:
    return Desk(sessions, store)


def pictures(kind: str, first: int, count: int) -> Iterator[object]:
    return (picture(kind, seed) for seed in range(first, first + count))


def teach(desk: Desk) -> None:
    """What the live model misses, and photographs beside it."""
    desk.decide(pictures("red", 100, 36), "ai", BOTH)
    desk.decide(pictures("photograph", 200, 16), "real", BOTH)


def report_of(sessions: Sessions, step: str) -> dict[str, object]:
    with sessions.begin() as session:
        found = session.scalars(select(ModelReport).where(ModelReport.step == step)).one()
        return found.report


def stages(sessions: Sessions) -> list[str | None]:
    with sessions.begin() as session:
        return sorted(str(model.stage) for model in session.scalars(select(ModelVersion)))


def test_true_labels_pass_and_the_live_model_stays_until_promoted(
    tools: RetrainTools, desk: Desk, sessions: Sessions
) -> None:
    with sessions.begin() as session:
        before = find_live_version(session)
    teach(desk)
    desk.decide_one(picture("red", 900), "ai", "Ada", wrong="no_evidence")
    assert retrain(tools, is_asked_for=False) == "canary"
    assert stages(sessions) == ["canary", "live"]
    assert report_of(sessions, "gated")["reasons"] == []
    assert report_of(sessions, "gated")["regression_cases"] == 1
    assert report_of(sessions, "trained")["accounts"] == 2
    with sessions.begin() as session:
        assert find_live_version(session) == before
    # The same labels are no reason to do it again.
    assert retrain(tools, is_asked_for=False) == "not_due"


def forget_rows(live: Heads, examples: FeatureSet, weights: object) -> Heads:
    """Heads that learned from the same examples that rows are no generator."""
    told = tuple(
        replace(one, is_ai=one.is_ai and one.source != "rows") for one in examples.described
    )
    return fit_heads(live, replace(examples, described=told), weights, SURE)


def test_a_worse_candidate_is_refused_with_its_slices_named(
    tools: RetrainTools, desk: Desk, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(desk)
    monkeypatch.setattr(module, "fit_heads", forget_rows)
    assert retrain(tools, is_asked_for=False) == "refused"
    reasons = " ".join(report_of(sessions, "refused")["reasons"])
    assert "Worse on generator: rows" in reasons
    named = {one["name"] for one in report_of(sessions, "gated")["slices"] if one["is_worse"]}
    assert "generator: rows" in named
    assert not any("camera" in name for name in named)
    assert stages(sessions) == ["live", "refused"]


def test_too_few_labels_teach_nothing(tools: RetrainTools, desk: Desk, sessions: Sessions) -> None:
    desk.decide(pictures("red", 100, 6), "ai", BOTH)
    assert retrain(tools, is_asked_for=False) == "not_due"
    assert retrain(tools, is_asked_for=True) == "too_few_labels"
    assert stages(sessions) == ["live"]


def test_one_account_alone_teaches_nothing(
    tools: RetrainTools, desk: Desk, sessions: Sessions
) -> None:
    desk.decide(pictures("red", 100, 60), "ai", ("Ada",))
    assert retrain(tools, is_asked_for=False) == "not_due"
    assert retrain(tools, is_asked_for=True) == "too_few_labels"


def test_lies_about_a_mark_need_two_who_agree(
    tools: RetrainTools, desk: Desk, sessions: Sessions
) -> None:
    teach(desk)
    desk.decide(patched(700, 12), "real", BOTH)
    assert retrain(tools, is_asked_for=False) == "canary"
    candidate, live = (judged(tools, sessions, stage) for stage in ("canary", "live"))
    marked = patched(800, 20)
    assert caught(candidate, *marked) == caught(live, *marked) == 1


def judged(tools: RetrainTools, sessions: Sessions, stage: str) -> Predictor:
    with sessions.begin() as session:
        model = session.scalars(select(ModelVersion).where(ModelVersion.stage == stage)).one()
        folder = tools.models.path_of(model.version) if model.stored_sha256 else tools.configured
    return Predictor.load(folder)


def caught(detector: Predictor, *marked: Pixels) -> float:
    said = detector.predict(marked)
    return sum(one.raw_score >= detector.info.likely_ai_at for one in said) / len(said)


def test_a_killed_run_goes_on_with_its_own_labels(
    tools: RetrainTools, desk: Desk, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(desk)

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(module, "may_replace", die)
    with pytest.raises(Killed):
        retrain(tools, is_asked_for=False)
    monkeypatch.undo()
    with sessions.begin() as session:
        begun = session.scalars(select(Retraining)).one()
        trained, labels = begun.version, len(begun.labels)
        assert (begun.outcome, trained is not None) == (None, True)
    desk.decide(pictures("red", 500, 30), "ai", BOTH)
    # Nothing is looked at or trained again, and later labels wait.
    blind = replace(tools, decode=die)
    assert retrain(blind, is_asked_for=False) == "canary"
    with sessions.begin() as session:
        ended = session.scalars(select(Retraining)).one()
        assert (ended.version, len(ended.labels), ended.outcome) == (trained, labels, "canary")


def test_two_at_once_are_one(tools: RetrainTools) -> None:
    with alone(tools.sessions), pytest.raises(RetrainingBusy):
        retrain(tools, is_asked_for=True)
