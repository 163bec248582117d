"""From a folder of images to a calibrated detector and its figures, by the commands alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from cli.main import main
from ntf.predictor import Predictor
from tests.pictures import noise

pytestmark = pytest.mark.retraining


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A manifest of made images: "AI" ones are striped, in 36 sources of each class."""
    rows = ["file\tsplit\tlabel\tsource\tfamily"]
    for seed in range(144):
        is_ai, split = seed % 2 == 1, "dev" if seed % 6 < 2 else "train"
        picture = noise(seed, 128, 128)
        if is_ai:
            stripes = np.arange(128)[None, :, None] // 3 % 2 * 60
            picture = (picture // 2 + stripes + 32).astype(np.uint8)
        else:
            picture = picture // 2 + 62
        Image.fromarray(picture).save(tmp_path / f"{seed}.png")
        label, family = ("ai", "gan") if is_ai else ("real", "real")
        rows.append(f"{seed}.png\t{split}\t{label}\t{label}{seed % 72}\t{family}")
    (tmp_path / "manifest.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_train_export_and_evaluate(kit: Path) -> None:
    data, folder, model = ["--manifest", str(kit)], str(kit / "run"), str(kit / "tiny")
    run("train", "--preset", "tiny", *data, "--out", folder, "--threads", "1")
    info = json.loads(run("export", "--run", folder, *data, "--out", model))
    assert info["bytes"] < 1_000_000
    assert Predictor.load(Path(model)).info.version == info["version"]
    out = kit / "evaluation"
    tables = run("evaluate", *data, "--split", "dev", "--model", model, "--out", str(out))
    assert info["version"] in tables
    figures = json.loads((out / "dev.json").read_text())["detectors"][0]
    groups = {group["group"]: group for group in figures["conditions"]["JPEG 90"]["groups"]}
    # Stripes against noise: a network that learned anything tells them apart.
    assert groups["all"]["against"]["photographs"]["ap"]["value"] > 0.8


def test_says_what_to_do_without_data(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["evaluate", "--manifest", str(tmp_path / "nowhere.tsv")])
    assert result.exit_code == 1
    assert "NTF_DATA" in result.output
