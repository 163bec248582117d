"""Tables, plain data, plots and the command, on a detector whose answers are known."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import cli.evaluate
from cli.main import main
from ntf.evaluation.conditions import choose_conditions
from ntf.evaluation.markdown import in_figures, in_percent, section
from ntf.evaluation.metrics import Estimate
from ntf.evaluation.plain import in_plain_data
from ntf.evaluation.run import Evaluation, evaluate
from ntf.evaluation.tables import in_markdown
from tests.unit.ntf.evaluation_kit import Bright, Plain, write_kit

CONDITIONS = choose_conditions(["as stored", "JPEG 40", "half size", "screenshot larger"])


@pytest.fixture
def found(tmp_path: Path) -> Evaluation:
    return evaluate(
        write_kit(tmp_path), "dev", [Bright(), Plain()], CONDITIONS, tmp_path / "out", resamples=30
    )


def row_of(text: str, heading: str, first_cell: str) -> list[str]:
    """The cells of a table's row."""
    table = text.split(f"## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    (line,) = [line for line in table.splitlines() if line.startswith(f"| {first_cell} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_tables_hold_what_was_measured(found: Evaluation) -> None:
    text = in_markdown(found)
    assert "# bright on `dev`" in text
    assert "12 AI-made images, 16 photographs, 4 other real images" in text
    # sd's images are brighter than any photograph and art alike; Midjourney's lie below art.
    sd = row_of(text, "By generator", r"**Diffusion:** sd (64 px)")
    assert sd[1:5] == ["yes", "6", "1.000 [1.000 to 1.000]", "1.000 [1.000 to 1.000]"]
    midjourney = row_of(text, "By generator", r"**Commercial:** midjourney_2022 (64 px)")
    assert midjourney[1] == "no"
    assert midjourney[3] == "1.000 [1.000 to 1.000]"
    assert float(midjourney[4].split()[0]) < 1
    verdicts = row_of(text, "Verdicts on AI-made images", "**midjourney_2022**")
    # All of 130/255 to 140/255 are uncertain: wrong as verdicts, right at the balanced 0.5.
    assert verdicts[2] == "0 % [0 to 46]"
    assert verdicts[3] == "100 % [54 to 100]"
    assert verdicts[4].startswith("0.500")
    assert verdicts[6].startswith("1.000")
    art = row_of(text, "False alarms", "hard_art")
    assert art[1:3] == ["4", "4 = 100 % [40 to 100]"]
    assert row_of(text, "False alarms", "photographs, unseen sources")[1] == "8"
    strata = row_of(text, "False alarms by compression and size", "screenshot larger *")
    assert strata[1:3] == ["0 = 0 % [0 to 21]", "4 = 100 % [40 to 100]"]


def test_detectors_stand_side_by_side(found: Evaluation) -> None:
    text = in_markdown(found)
    first = row_of(text, "Detectors side by side", "bright")
    second = row_of(text, "Detectors side by side", "plain")
    assert first[2] == "–"
    # The same ranking by another name: not the least difference.
    assert second[2] == "+0.000 [+0.000 to +0.000]"
    # Without thresholds there are no accuracies and no false alarms.
    assert second[6:] == ["–", "–", "–"]


def test_detectors_stand_side_by_side_for_each_generator(found: Evaluation) -> None:
    row = row_of(in_markdown(found), "Detectors by generator", "sd")
    assert row[1:] == ["1.000 / 1.000", "1.000 / –"]


def test_distance_alone_is_a_detector_of_its_own(tmp_path: Path) -> None:
    class Near(Bright):
        def judge(self, images):
            found = super().judge(images)
            found.distances[:] = 1 - found.raw_scores  # the wrong way round
            return found

    found = evaluate(
        write_kit(tmp_path),
        "dev",
        [Near(), Bright("other", "other-1")],
        CONDITIONS[:1],
        tmp_path / "out",
        with_distance=True,
        resamples=0,
    )
    assert [d.name for d in found.detectors] == ["bright", "bright, distance alone", "other"]
    alone = row_of(in_markdown(found), "Detectors by generator", "sd")[2]
    assert float(alone.split(" / ")[0]) < 0.5


def test_small_images_leave_half_size_empty(found: Evaluation) -> None:
    row = row_of(in_markdown(found), "By condition", "half size")
    assert row[1:] == ["–"] * 8


def test_plain_data_is_strict_json_with_all_figures(found: Evaluation) -> None:
    text = json.dumps(in_plain_data(found), allow_nan=False)
    read = json.loads(text)
    assert read["counts"] == {"ai": 12, "photographs": 16, "hard": 4}
    assert set(read["conditions"]) == {condition.name for condition in CONDITIONS}
    bright, plain = read["detectors"]
    headline = bright["conditions"]["JPEG 90"]
    everything = {group["group"]: group for group in headline["groups"]}["all"]
    best = everything["against"]["photographs"]["ap"]
    assert best == pytest.approx({"value": 1.0, "low": 1.0, "high": 1.0})
    assert 0 < headline["calibration"]["photographs"]["error"]["value"] < 1
    assert len(headline["calibration"]["photographs"]["said"]) == 15
    assert plain["thresholds"] is None


def test_a_second_run_takes_the_scores_of_the_first(found: Evaluation, tmp_path: Path) -> None:
    detector = Bright()
    again = evaluate(
        tmp_path / "manifest.tsv", "dev", [detector], CONDITIONS, tmp_path / "out", resamples=30
    )
    assert detector.asked == 0
    ready = next((tmp_path / "out").glob("bright-1.*.npz"))
    read = evaluate(
        tmp_path / "manifest.tsv", "dev", [ready], CONDITIONS, tmp_path / "other", resamples=30
    )
    expected = json.dumps(in_plain_data(again))
    assert json.dumps(in_plain_data(read)) == expected
    assert json.dumps(in_plain_data(found)["detectors"][0]) in expected


def test_a_threshold_from_other_images_can_be_given(tmp_path: Path) -> None:
    given = evaluate(
        write_kit(tmp_path),
        "dev",
        [Bright()],
        CONDITIONS[:1],
        tmp_path / "out",
        balanced_at=0.95,
        resamples=0,
    )
    row = row_of(in_markdown(given), "Verdicts on AI-made images", "sd")
    assert row[5].startswith("0 %")
    assert row[6] == "0.500"  # no resamples, no brackets


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0, 0, 0.004), "0 % [0 to 0.4]"),
        (Estimate(0.0104, 0.0042, 0.0214), "1.0 % [0.4 to 2.1]"),
        (Estimate(0.1, 0.0996, 1), "10 % [10 to 100]"),
        (Estimate(0.5, math.nan, math.nan), "50 %"),
        (Estimate(math.nan, math.nan, math.nan), "–"),
    ],
)
def test_percent_in_words(estimate: Estimate, text: str) -> None:
    assert in_percent(estimate) == text


def test_figures_in_words() -> None:
    assert in_figures(Estimate(0.7, 0.65, 0.75)) == "0.700 [0.650 to 0.750]"
    assert in_figures(Estimate(0.7, 0.65, 0.75), brackets=False) == "0.700"
    assert in_figures(Estimate(-0.01, -0.02, 0.03), sign=True) == "-0.010 [-0.020 to +0.030]"
    assert section("Title", ["a"], []) == ""


def test_command_writes_tables_figures_and_plots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.evaluate, "open_detector", lambda path, *_: path or Bright())
    manifest, out = write_kit(tmp_path), tmp_path / "out"
    ready = evaluate(manifest, "dev", [Plain()], CONDITIONS[:1], tmp_path / "first", resamples=0)
    assert ready.scored[0].name == "plain"
    (table,) = (tmp_path / "first").glob("plain.*.npz")
    command = ["evaluate", "--manifest", str(tmp_path), "--out", str(out), "--resamples", "20"]
    command += ["--also", str(table), "--conditions", "as-stored, JPEG 40"]
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert (out / "dev.md").read_text() in result.stdout
    assert list(json.loads((out / "dev.json").read_text())["conditions"]) == [
        "JPEG 90",
        "as stored",
        "JPEG 40",
    ]
    assert "bright: 96 of 96" in result.stderr
    plots = sorted(path.name for path in out.glob("*.png"))
    assert plots == [
        f"dev-{name}.png" for name in ("conditions", "generators", "reliability", "roc", "scores")
    ]
    for name in plots:
        with Image.open(out / name) as image:
            assert min(image.size) > 200
            # Something is drawn: far more than one colour.
            assert len(np.unique(np.asarray(image.convert("L")))) > 20


def test_command_explains_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.evaluate, "open_detector", lambda path, *_: path or Bright())
    write_kit(tmp_path)
    command = ["evaluate", "--manifest", str(tmp_path), "--out", str(tmp_path / "out")]
    for more, complaint in (
        (["--conditions", "jpeg-1"], "no condition 'jpeg-1'. Choose from: jpeg-90"),
        (["--split", "tset"], "no split 'tset'; it has dev, train"),
        (["--also", str(tmp_path / "dev-cats-0.png")], "is no table of scores"),
    ):
        result = CliRunner().invoke(main, [*command, *more])
        assert result.exit_code == 1
        assert complaint in result.output.replace("\n", " ")
