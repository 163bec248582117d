"""Both stages on made images with the tiny network, through to the shipped file."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ntf.batches import Batches, ImageSet
from ntf.calibrate import (
    Measured,
    find_thresholds,
    fit_calibration,
    fit_gate,
    fit_scales,
    sum_logits,
)
from ntf.checkpoint import NAME, load_checkpoint, read_metadata, read_preset
from ntf.errors import CheckpointMismatch, DetectorUnavailable
from ntf.export import export_branch, hash_files, write_settings
from ntf.manifest import Item
from ntf.network import Served, TraceNetwork, build_network
from ntf.predictor import Predictor
from ntf.preprocess import choose_windows, cut, to_batch
from ntf.presets import PRESETS
from ntf.start import name_start, start_from
from ntf.strata import STRATA
from ntf.train import stage1_loss, train
from tests.pictures import noise

TINY = PRESETS["tiny"]
torch.set_num_threads(1)
INFO = {
    "name": "ntf-tiny",
    "version": "ntf-tiny-test",
    "threshold_version": "1",
    "likely_ai_at": 0.9,
    "no_evidence_below": 0.2,
    "min_side_px": 96,
}


def made_batches(folder: Path | None = None) -> Batches:
    """ "Photographs" carry noise, "AI" images do not. With a folder there are twins, too."""
    items, pixels, twins = [], [], {}
    for seed in range(24):
        is_ai = seed % 2 == 1
        picture = noise(seed, 96, 96)
        blocky = np.repeat(np.repeat(picture[::8, ::8], 8, 0), 8, 1)
        items.append(Item(Path(f"{folder}/{seed}.png"), "train", is_ai, f"s{seed % 4}", "made"))
        pixels.append(blocky if is_ai else picture)
        if folder and not is_ai:
            Image.fromarray(picture).save(folder / f"{seed}.png")
            Image.fromarray(blocky).save(folder / f"{seed}-twin.png")
            twins[seed] = [folder / f"{seed}-twin.png"]
    pairs = 4 if folder else 0
    return Batches(ImageSet(items, pixels, twins), TINY.sides, pairs, seed=3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TraceNetwork, Path]:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("run")
    network = build_network(TINY)
    train(network, made_batches(), TINY, folder)
    return network.eval(), folder


@pytest.mark.slow
def test_stage_1_does_not_collapse() -> None:
    """Without negatives of the same photograph `z_hom` becomes constant: its spread is watched."""
    torch.manual_seed(0)
    network, batches = build_network(TINY), made_batches()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    for step in range(30):
        optimizer.zero_grad()
        stage1_loss(network, network, batches.views_and_twins(step, 16), TINY).backward()
        optimizer.step()
    with torch.no_grad():
        first, _, twins = batches.views_and_twins(30, 16)
        hom = network(torch.cat([first, twins])).homogeneous
    assert hom.std(0).mean() > 0.01


def test_training_is_repeatable_from_its_seed(tmp_path: Path) -> None:
    weights = []
    for name in ("first", "second"):
        torch.manual_seed(5)
        network = build_network(TINY)
        short = replace(TINY, stage1_steps=2, stage2_steps=3)
        train(network, made_batches(), short, tmp_path / name)
        weights.append(network.classifier.weight.detach().clone())
    assert torch.equal(weights[0], weights[1])


class Killed(Batches):
    """Batches that end the process's training at one step of one stage."""

    def __init__(self, stage: int, step: int) -> None:
        whole = made_batches()
        super().__init__(whole.images, whole.sides, whole.pairs, whole.seed)
        self.stage, self.step = stage, step

    def views_and_twins(self, step: int, count: int) -> tuple[torch.Tensor, ...]:
        if (self.stage, self.step) == (1, step):
            raise KeyboardInterrupt
        return super().views_and_twins(step, count)

    def labelled(self, step: int, count: int) -> tuple[torch.Tensor, ...]:
        if (self.stage, self.step) == (2, step):
            raise KeyboardInterrupt
        return super().labelled(step, count)


@pytest.mark.parametrize("stage", [1, 2])
def test_training_that_was_killed_ends_at_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: int
) -> None:
    monkeypatch.setattr("ntf.train.SAVE_EVERY_STEPS", 2)
    short = replace(TINY, stage1_steps=5, stage2_steps=5)

    def new() -> TraceNetwork:
        torch.manual_seed(5)
        return build_network(TINY)

    whole, again = new(), build_network(TINY)
    train(whole, made_batches(), short, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(new(), Killed(stage, 3), short, tmp_path / "killed")
    train(again, made_batches(), short, tmp_path / "killed")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_a_run_of_other_settings_is_not_gone_on_with(tmp_path: Path) -> None:
    short = replace(TINY, stage1_steps=1, stage2_steps=1)
    train(build_network(TINY), made_batches(), short, tmp_path, manifest_sha256="a")
    with pytest.raises(CheckpointMismatch, match="other settings"):
        train(build_network(TINY), made_batches(), TINY, tmp_path, manifest_sha256="a")
    with pytest.raises(CheckpointMismatch, match="another manifest"):
        train(build_network(TINY), made_batches(), short, tmp_path, manifest_sha256="b")


def test_a_photograph_and_its_twin_stand_side_by_side_under_one_augmentation(
    tmp_path: Path,
) -> None:
    """The blocky twin, made smooth again, is the photograph: same window, flip and size."""
    crops, is_ai = made_batches(tmp_path).labelled(0, 16)
    assert is_ai[:8].tolist() == [0, 1] * 4
    small = torch.nn.functional.avg_pool2d(crops[:8], 16).flatten(1)
    for photograph, twin in zip(small[::2], small[1::2], strict=True):
        assert torch.corrcoef(torch.stack([photograph, twin]))[0, 1] > 0.5


def test_it_learns_and_its_curve_is_kept(trained: tuple[TraceNetwork, Path]) -> None:
    network, folder = trained
    crops, is_ai = made_batches().labelled(1000, 32)
    with torch.no_grad():
        logits, distances, maps = Served(network)(crops)
    assert logits[is_ai == 1].mean() > logits[is_ai == 0].mean() + 0.5
    assert distances.shape == (32,)
    assert maps.shape == (32, 2, 2)
    assert (folder / "stage2.csv").read_text().count("\n") == 7


def test_checkpoint_says_what_it_is(trained: tuple[TraceNetwork, Path]) -> None:
    network, folder = trained
    again = build_network(TINY)
    load_checkpoint(again, folder)
    crops = torch.rand(2, 3, 64, 64)
    assert torch.equal(again.eval()(crops).logits, network(crops).logits)
    metadata = read_metadata(folder)
    assert read_preset(metadata) == TINY
    assert {"manifest_sha256", "preprocessing", "metrics", "stage", "step"} < metadata.keys()
    assert (folder / NAME).stat().st_size < 1_000_000


def export_tiny(network: TraceNetwork, folder: Path) -> Path:
    path = folder / "tiny.onnx"
    export_branch(network, path, TINY.crop_px)
    branch = {
        "name": "tiny",
        "file": path.name,
        "files": hash_files(path),
        "crop_px": TINY.crop_px,
        "views": [{"shrink": 1, "max_windows": 9}],
        "logit_scale": 1.0,
        "distance_scale": 1.0,
        "preset": asdict(TINY),
    }
    distances = {"normal": [[0.1, 0.2, 0.3]], "small": [[0.1, 0.2, 0.3], [0.2, 0.3, 0.4]]}
    calibration = {"slope": 1.0, "intercept": 0.0, "real_distances": distances}
    settings = {
        "info": INFO,
        "branches": [branch],
        "calibration": calibration,
        "gate": fit_gate(
            [np.zeros((64, 64, 3), np.uint8)], [noise(seed, 64, 64) for seed in (1, 2)]
        ),
        "disagreement_above": 1.0,
    }
    write_settings(folder, settings)
    return path


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_shipped_file_agrees_with_the_network(
    trained: tuple[TraceNetwork, Path],
    tmp_path: Path,
    runtime: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The GPU's backend is tried on the CPU here: torch, from the same files."""
    network, _ = trained
    export_tiny(network, tmp_path)
    if runtime == "torch":
        monkeypatch.delattr("onnxruntime.InferenceSession")
    predictor = Predictor.load(tmp_path, device="cpu" if runtime == "onnxruntime" else "cpu:0")
    image = noise(9)
    (found,) = predictor.predict([image])
    windows = choose_windows(*image.shape[:2], TINY.crop_px, 9)
    with torch.no_grad():
        logits = network(torch.from_numpy(to_batch([cut(image, w) for w in windows]))).logits
    assert found.raw_score == pytest.approx(float(torch.sigmoid(logits.mean())), abs=1e-3)
    assert found.real_photo_p in {1 / 4, 2 / 4, 3 / 4, 1.0}
    assert 0 <= found.heatmap.min() <= found.heatmap.max() <= 1


@pytest.mark.parametrize("of", ["detector", "run"])
def test_training_begins_with_weights_that_are_there(
    trained: tuple[TraceNetwork, Path], tmp_path: Path, of: str
) -> None:
    network, folder = trained
    if of == "detector":
        export_tiny(network, tmp_path)
        folder = tmp_path
    again = build_network(TINY)
    start_from(again, TINY, folder)
    crops = torch.rand(2, 3, 64, 64)
    assert torch.equal(again.eval()(crops).logits, network(crops).logits)
    assert name_start(folder) == ("ntf-tiny-test" if of == "detector" else folder.name)


def test_training_does_not_begin_with_another_networks_weights(
    trained: tuple[TraceNetwork, Path], tmp_path: Path
) -> None:
    other = replace(TINY, projection=8)
    with pytest.raises(CheckpointMismatch, match="neither"):
        start_from(build_network(other), other, tmp_path)
    export_tiny(trained[0], tmp_path)
    with pytest.raises(CheckpointMismatch, match="shape of preset tiny"):
        start_from(build_network(other), other, tmp_path)


def test_weights_that_are_no_detector_are_unavailable(
    trained: tuple[TraceNetwork, Path], tmp_path: Path
) -> None:
    with pytest.raises(DetectorUnavailable, match="nowhere"):
        Predictor.load(tmp_path / "nowhere")
    path = export_tiny(trained[0], tmp_path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(DetectorUnavailable, match="another file"):
        Predictor.load(tmp_path)


def test_thresholds_keep_the_false_alarms_of_the_worst_stratum() -> None:
    rng = np.random.default_rng(0)
    is_ai = np.arange(2000) % 2 == 0
    table = {
        stratum: Measured(
            {"a": rng.normal(is_ai * 2.0 + 0.2 * shift, 1.0), "b": rng.normal(is_ai * 9.0, 5.0)},
            {"a": rng.random(2000), "b": rng.random(2000)},
        )
        for shift, stratum in enumerate(STRATA)
    }
    scales = fit_scales(table, is_ai, {"a": 1.0, "b": 1.0})
    assert sum(distance for _, distance in scales.values()) == pytest.approx(1)
    calibration = fit_calibration(table, is_ai, scales)
    thresholds = find_thresholds(table, is_ai, scales, calibration)
    alarms = []
    for measured in table.values():
        logits = calibration["slope"] * sum_logits(measured, scales) + calibration["intercept"]
        alarms.append(((1 / (1 + np.exp(-logits)))[~is_ai] >= thresholds["likely_ai_at"]).mean())
    assert 0.008 <= max(alarms) <= 0.0101
    assert thresholds["no_evidence_below"] <= thresholds["likely_ai_at"]
    assert {size: np.shape(rows) for size, rows in calibration["real_distances"].items()} == {
        "normal": (3, 1000),
        "small": (2, 1000),
    }
    json.dumps(calibration)
