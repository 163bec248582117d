"""Both stages on made images with the tiny network, through to the shipped file."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ntf.batches import Batches
from ntf.calibrate import find_thresholds, fit_calibration
from ntf.errors import DetectorUnavailable
from ntf.export import export_graph, write_metadata
from ntf.manifest import Item
from ntf.network import TraceNetwork, build_network
from ntf.predictor import Predictor
from ntf.preprocess import choose_windows, cut, to_batch
from ntf.presets import PRESETS
from ntf.train import load_checkpoint, stage1_loss, train
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


def made_batches() -> Batches:
    """ "Photographs" carry noise; "AI" images are the same without it."""
    items, pixels = [], []
    for seed in range(24):
        is_ai = seed % 2 == 1
        picture = noise(seed, 96, 96)
        if is_ai:
            picture = np.repeat(np.repeat(picture[::8, ::8], 8, 0), 8, 1)
        items.append(Item(Path(str(seed)), "train", is_ai, f"s{seed % 4}", "made"))
        pixels.append(picture)
    return Batches(items, pixels, TINY.crop_px, seed=3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TraceNetwork, Path]:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("run")
    network = build_network(TINY)
    train(network, made_batches(), TINY, folder)
    return network.eval(), folder


def test_stage_1_does_not_collapse() -> None:
    """Without negatives of the same photograph `z_hom` becomes constant: its spread is watched."""
    torch.manual_seed(0)
    network, batches = build_network(TINY), made_batches()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        stage1_loss(network, batches, TINY).backward()
        optimizer.step()
    with torch.no_grad():
        first, _, twins = batches.views_and_twins(16)
        hom, _ = network.project(network.features(torch.cat([first, twins])))
    assert hom.std(0).mean() > 0.01


def test_training_is_repeatable_from_its_seed(tmp_path: Path) -> None:
    weights = []
    for _ in range(2):
        torch.manual_seed(5)
        network = build_network(TINY)
        train(network, made_batches(), replace(TINY, stage1_steps=2, stage2_steps=3), tmp_path)
        weights.append(network.classifier.weight.detach().clone())
    assert torch.equal(weights[0], weights[1])


def test_it_learns_and_its_curve_is_kept(trained: tuple[TraceNetwork, Path]) -> None:
    network, folder = trained
    crops, is_ai = made_batches().labelled(32)
    with torch.no_grad():
        logits, distances, maps = network(crops)
    assert logits[is_ai == 1].mean() > logits[is_ai == 0].mean() + 0.5
    assert distances.shape == (32,)
    assert maps.shape == (32, 2, 2)
    assert (folder / "stage2.csv").read_text().count("\n") >= 6


def test_checkpoint_gives_the_same_network(trained: tuple[TraceNetwork, Path]) -> None:
    network, folder = trained
    again = build_network(TINY)
    load_checkpoint(again, folder)
    crops = torch.rand(2, 3, 64, 64)
    assert torch.equal(again.eval()(crops)[0], network(crops)[0])


def test_shipped_file_agrees_with_the_network(
    trained: tuple[TraceNetwork, Path], tmp_path: Path
) -> None:
    network, _ = trained
    path = tmp_path / "tiny.onnx"
    export_graph(network, path, TINY.crop_px)
    calibration = {"slope": 1.0, "intercept": 0.0, "real_distances": [0.1, 0.2, 0.3]}
    write_metadata(path, {"info": INFO, "crop_px": TINY.crop_px, "calibration": calibration})
    predictor = Predictor.load(path)
    image = noise(9)
    (found,) = predictor.predict([image])
    windows = choose_windows(*image.shape[:2], TINY.crop_px, 9)
    with torch.no_grad():
        logits, _, _ = network(torch.from_numpy(to_batch([cut(image, w) for w in windows])))
    assert found.raw_score == pytest.approx(float(torch.sigmoid(logits.mean())), abs=1e-3)
    assert found.real_photo_p in {1 / 4, 2 / 4, 3 / 4, 1.0}
    assert 0 <= found.heatmap.min() <= found.heatmap.max() <= 1


def test_a_file_that_is_no_model_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "no.onnx").write_bytes(b"no model")
    for path in (tmp_path / "no.onnx", tmp_path / "nowhere.onnx"):
        with pytest.raises(DetectorUnavailable):
            Predictor.load(path)


def test_thresholds_keep_the_false_alarms_of_the_worst_stratum() -> None:
    rng = np.random.default_rng(0)
    is_ai = np.arange(2000) % 2 == 0
    measured = {
        None: (rng.normal(is_ai * 2.0, 1.0), rng.random(2000)),
        90: (rng.normal(is_ai * 2.0 + 0.7, 1.0), rng.random(2000)),
    }
    calibration = fit_calibration(measured, is_ai)
    thresholds = find_thresholds(measured, is_ai, calibration)
    for logits, _ in measured.values():
        scores = 1 / (1 + np.exp(-(calibration["slope"] * logits + calibration["intercept"])))
        assert (scores[~is_ai] >= thresholds["likely_ai_at"]).mean() <= 0.0101
    assert thresholds["no_evidence_below"] <= thresholds["likely_ai_at"]
    assert len(calibration["real_distances"]) == 1000
    json.dumps(calibration)
