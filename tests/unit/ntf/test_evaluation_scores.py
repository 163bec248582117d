"""Scores that are kept, gone on from, written and read."""

from pathlib import Path

import numpy as np
import pytest

from ntf.evaluation import scores as scores_module
from ntf.evaluation.conditions import Condition, Jpeg, choose_conditions
from ntf.evaluation.detectors import Thresholds
from ntf.evaluation.errors import EvaluationImpossible
from ntf.evaluation.plan import Plan, make_plan
from ntf.evaluation.score_table import read_scores, write_scores
from ntf.evaluation.scores import ScoreStore, score_plan
from ntf.manifest import read_manifest
from tests.unit.ntf.evaluation_kit import Bright, Plain, write_kit

CONDITIONS = choose_conditions(["as stored"])  # and the headline
IMAGES = 32


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_plan(read_manifest(write_kit(tmp_path)), "dev")


@pytest.fixture
def store(tmp_path: Path) -> ScoreStore:
    return ScoreStore(tmp_path / "scores", "a" * 64, "dev")


def test_judges_each_image_once_per_condition(plan: Plan, store: ScoreStore) -> None:
    detector, steps = Bright(), []
    found = score_plan(detector, plan, CONDITIONS, store, steps.append)
    assert detector.asked == sum(steps) == 2 * IMAGES
    stored = found.findings["as stored"].raw_scores
    assert stored[0] == pytest.approx(220 / 255)
    again = Bright()
    kept = score_plan(again, plan, CONDITIONS, store)
    assert again.asked == 0
    assert np.array_equal(kept.findings["as stored"].raw_scores, stored)
    assert np.array_equal(kept.findings["as stored"].verdicts, found.findings["as stored"].verdicts)


def test_goes_on_where_it_was_stopped(
    plan: Plan, store: ScoreStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores_module, "IMAGES_AT_ONCE", 10)

    class Stopped(Bright):
        def judge(self, images):
            if self.asked >= 20:
                raise KeyboardInterrupt
            return super().judge(images)

    with pytest.raises(KeyboardInterrupt):
        score_plan(Stopped(), plan, CONDITIONS, store)
    rest = Bright()
    found = score_plan(rest, plan, CONDITIONS, store)
    assert rest.asked == 2 * IMAGES - 20
    whole = score_plan(Bright(version="another"), plan, CONDITIONS, store)
    for name in ("JPEG 90", "as stored"):
        assert np.array_equal(found.findings[name].raw_scores, whole.findings[name].raw_scores)


@pytest.mark.parametrize("change", ["version", "manifest", "split", "recipe", "views", "damage"])
def test_never_takes_scores_of_something_else(
    change: str, plan: Plan, store: ScoreStore, tmp_path: Path
) -> None:
    score_plan(Bright(), plan, CONDITIONS, store)
    detector, conditions = Bright(), list(CONDITIONS)
    if change == "version":
        detector = Bright(version="bright-2")
    elif change == "manifest":
        store = ScoreStore(tmp_path / "scores", "b" * 64, "dev")
    elif change == "split":
        store = ScoreStore(tmp_path / "scores", "a" * 64, "test")
    elif change == "recipe":
        conditions[0] = Condition("JPEG 90", (Jpeg(89),))
        conditions[1] = Condition("as stored", (Jpeg(100),))
    elif change == "views":
        plan = Plan(plan.views[::-1], plan.seen)
    else:
        for path in (tmp_path / "scores").glob("*.npz"):
            path.write_bytes(path.read_bytes()[:50])
    score_plan(detector, plan, conditions, store)
    assert detector.asked == 2 * IMAGES


def test_a_detector_without_verdicts_is_scored_under_its_name(
    plan: Plan, store: ScoreStore
) -> None:
    found = score_plan(Plain(), plan, CONDITIONS, store)
    assert (found.version, found.thresholds) == ("plain", None)
    assert (found.findings["JPEG 90"].verdicts == -1).all()


def test_a_score_that_is_no_number_is_an_error(plan: Plan, store: ScoreStore) -> None:
    class Broken(Plain):
        def score(self, images):
            return np.full(len(images), np.nan)

    with pytest.raises(EvaluationImpossible, match="plain gave a score that is no number"):
        score_plan(Broken(), plan, CONDITIONS, store)


def test_small_images_are_left_out_of_a_condition(plan: Plan, store: ScoreStore) -> None:
    large = Condition("large only", (), min_side_px=128)
    detector, steps = Bright(), []
    found = score_plan(detector, plan, [large], store, steps.append)
    assert (detector.asked, sum(steps)) == (0, IMAGES)
    assert not found.findings["large only"].judged.any()


@pytest.mark.parametrize("root", [Path, lambda path: path / "elsewhere"])
def test_a_table_reads_as_it_was_written(
    root, plan: Plan, store: ScoreStore, tmp_path: Path
) -> None:
    found = score_plan(Bright(), plan, CONDITIONS, store)
    path = tmp_path / "out" / "bright.npz"
    write_scores(path, found, plan, root(tmp_path))
    read = read_scores(path, plan, CONDITIONS, root(tmp_path))
    assert (read.name, read.version) == ("bright", "bright-1")
    assert read.thresholds == Thresholds(0.7, 0.3, 0.5)
    for name, findings in found.findings.items():
        assert np.array_equal(read.findings[name].raw_scores, findings.raw_scores)
        assert np.array_equal(read.findings[name].verdicts, findings.verdicts)


def test_a_table_may_have_the_headline_alone(plan: Plan, store: ScoreStore, tmp_path: Path) -> None:
    found = score_plan(Plain(), plan, CONDITIONS[:1], store)
    write_scores(tmp_path / "plain.npz", found, plan, tmp_path)
    read = read_scores(tmp_path / "plain.npz", plan, CONDITIONS, tmp_path)
    assert list(read.findings) == ["JPEG 90"]
    assert read.thresholds is None


def bare_table(plan: Plan, **changes: object) -> dict[str, object]:
    """The least that a table needs."""
    return {
        "image": [view.item.path.name for view in plan.views],
        "side_px": [view.side_px for view in plan.views],
        "condition": ["JPEG 90"] * len(plan.views),
        "raw_score": np.linspace(0, 1, len(plan.views)),
    } | changes


def test_a_bare_table_is_named_after_its_file(plan: Plan, tmp_path: Path) -> None:
    np.savez(tmp_path / "clip.npz", **bare_table(plan))
    read = read_scores(tmp_path / "clip.npz", plan, CONDITIONS, tmp_path)
    assert (read.name, read.version) == ("clip", "clip")
    assert read.findings["JPEG 90"].raw_scores[-1] == 1


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"image": ["other.png"] * IMAGES}, "twice"),
        ({"image": [f"{n}.png" for n in range(IMAGES)]}, "lacks 32 of 32 images under 'JPEG 90'"),
        ({"side_px": [128] * IMAGES}, "lacks 32 of 32"),
        ({"raw_score": [0.5]}, "columns differ"),
        ({"raw_score": [np.nan] * IMAGES}, "no number"),
        ({"verdict": [4] * IMAGES}, "verdict is not in"),
        ({"thresholds": [0.5]}, "no table of scores"),
    ],
)
def test_says_what_is_wrong_with_a_table(
    changes: dict[str, object], complaint: str, plan: Plan, tmp_path: Path
) -> None:
    np.savez(tmp_path / "bad.npz", **bare_table(plan, **changes))
    with pytest.raises(EvaluationImpossible, match=complaint):
        read_scores(tmp_path / "bad.npz", plan, CONDITIONS, tmp_path)


def test_another_file_is_no_table(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(EvaluationImpossible, match="no table of scores"):
        read_scores(tmp_path / "text.npz", plan, CONDITIONS, tmp_path)
