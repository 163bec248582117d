"""Features out of the served graph, heads learned over them, and the folder that they make."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ntf.assemble import assemble
from ntf.errors import DetectorUnavailable, FeaturesInvalid
from ntf.feature_parts import IMAGES_OF_A_SLICE, PartSizes, choose_parts, take_turns
from ntf.feature_set import Described, FeatureSet, load_features, save_features
from ntf.features import FeatureReader
from ntf.fit_heads import FitOptions, contrast, fit_heads
from ntf.graph_parts import find_source, with_outputs
from ntf.losses.extended_supcon import extended_supcon
from ntf.manifest import Item
from ntf.predictor import SHIPPED, Predictor, read_branches
from ntf.recalibrate import fit_platt, recalibrate, score
from ntf.strata import STRATA
from tests.pictures import noise

TINY = SHIPPED.with_name("ntf-tiny")


@pytest.fixture(scope="module")
def reader() -> FeatureReader:
    return FeatureReader(TINY)


def features_of(reader: FeatureReader, part: str, count: int) -> FeatureSet:
    described, images = [], []
    for seed in range(count):
        is_ai = seed % 2 == 1
        stratum = STRATA[seed // 2 % len(STRATA)].name
        described.append(Described(part, is_ai, "made", "made", stratum))
        images.append(noise(seed, 160, 128) // (2 if is_ai else 1))
    return FeatureSet.of(described, reader.read(images))


def test_features_give_the_graphs_own_answers(reader: FeatureReader) -> None:
    images = [noise(1), noise(2, 100, 100), noise(3, 500, 300)]
    settings, (branch,) = read_branches(TINY)
    features = FeatureSet.of(
        [Described("replay", False, "", "", STRATA[0].name)] * 3, reader.read(images)
    )
    found = score(reader.heads, features, branch)
    served = Predictor.load(TINY).predict(images)
    raw = found.probabilities(settings["calibration"])
    assert raw == pytest.approx([one.raw_score for one in served], abs=1e-5)
    assert found.distances == pytest.approx([one.trace_distance for one in served], abs=1e-5)


def test_a_graph_gets_another_output_and_keeps_its_own() -> None:
    model = (TINY / "tiny.onnx").read_bytes()
    assert find_source(model, "network.classifier.weight") == "/ReduceMean_1_output_0"
    assert with_outputs(model, ["x"]).startswith(model)
    with pytest.raises(ValueError, match=r"no\.such"):
        find_source(model, "no.such")
    with pytest.raises(ValueError, match="protobuf"):
        find_source(b"\x0b\x0c", "network.classifier.weight")


def test_the_contrast_and_its_gradient_are_those_of_the_loss() -> None:
    rng = np.random.default_rng(0)
    projection = rng.normal(size=(16, 21)).astype(np.float32)
    hidden = np.column_stack([rng.random((30, 20)), np.ones(30)]).astype(np.float32)
    is_ai, traces = rng.random(30) < 0.5, rng.normal(size=(2, 16)).astype(np.float32)
    traces /= np.linalg.norm(traces, axis=1, keepdims=True)
    found = contrast(projection, hidden, is_ai, traces, FitOptions())
    weight = torch.tensor(projection, requires_grad=True)
    mapped = F.normalize(torch.tensor(hidden) @ weight.T, dim=1)
    loss = extended_supcon(mapped, torch.tensor(is_ai).float(), torch.tensor(traces), 0.1, 2.0)
    loss.backward()
    assert found.loss == pytest.approx(loss.item(), rel=1e-5)
    assert weight.grad is not None
    assert np.abs(weight.grad.numpy() - found.gradient).max() < 1e-6


def test_learned_heads_are_served_by_the_same_graph(reader: FeatureReader, tmp_path: Path) -> None:
    replay = features_of(reader, "replay", 40)
    weights = np.ones(len(replay))
    heads = fit_heads(reader.heads, replay, weights, FitOptions(steps=50))
    again = fit_heads(reader.heads, replay, weights, FitOptions(steps=50))
    assert all(
        np.array_equal(one, other)
        for one, other in zip(heads.to_arrays().values(), again.to_arrays().values(), strict=True)
    )
    calibration = features_of(reader, "calibration", 40)
    settings = recalibrate(read_branches(TINY)[0], heads, calibration)
    save_features(replay.join(calibration), tmp_path / "features.npz")
    version = assemble(
        TINY, settings, heads, tmp_path / "features.npz", tmp_path / "models", day="2026.11.24"
    )
    folder = tmp_path / "models" / version
    served = Predictor.load(folder)
    assert served.info.version == version != read_branches(TINY)[0]["info"]["version"]
    images = [noise(7), noise(8) // 2]
    features = FeatureSet.of(
        [Described("replay", False, "", "", STRATA[0].name)] * 2, reader.read(images)
    )
    written, (branch,) = read_branches(folder)
    expected = score(heads, features, branch).probabilities(written["calibration"])
    assert [one.raw_score for one in served.predict(images)] == pytest.approx(expected, abs=1e-5)
    # And it can be learned from again.
    assert np.allclose(FeatureReader(folder).heads.classifier, heads.classifier)
    (folder / "heads.npz").write_bytes(b"other")
    with pytest.raises(DetectorUnavailable, match=r"heads\.npz"):
        Predictor.load(folder)


def test_features_are_kept_in_half_precision(reader: FeatureReader, tmp_path: Path) -> None:
    features = features_of(reader, "holdout", 6)
    save_features(features, tmp_path / "features.npz")
    found = load_features(tmp_path / "features.npz")
    assert found.described == features.described
    assert np.allclose(found.pooled, features.pooled, rtol=1e-2, atol=1e-3)
    assert len(found.part("holdout")) == 6
    assert len(found.part("replay")) == 0
    with pytest.raises(FeaturesInvalid, match="ntf features"):
        load_features(tmp_path / "none.npz")


def test_one_class_teaches_nothing(reader: FeatureReader) -> None:
    replay = features_of(reader, "replay", 8)
    alone = replay.select(replay.is_ai)
    with pytest.raises(ValueError, match="both classes"):
        fit_heads(reader.heads, alone, np.ones(len(alone)))


def test_platt_scaling_is_that_of_the_library() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    is_ai = rng.random(300) < 0.3
    logits = rng.normal(size=300) + is_ai
    slope, intercept = fit_platt(logits, is_ai)
    model = LogisticRegression(class_weight="balanced", tol=1e-9).fit(logits[:, None], is_ai)
    assert slope == pytest.approx(model.coef_[0, 0], abs=1e-4)
    assert intercept == pytest.approx(model.intercept_[0], abs=1e-4)


def items() -> list[Item]:
    """A manifest of many sources, in all splits."""
    made = []
    for split in ("train", "dev", "test"):
        for source in range(40):
            for number in range(80 if source < 6 else 12):
                name = f"{split}-{source}-{number}"
                made.append(Item(Path(name), split, source % 2 == 0, f"source {source}", "f"))
    return made


def test_parts_come_from_training_images_alone_and_share_none() -> None:
    chosen = choose_parts(items(), PartSizes(replay=50, calibration=30, holdout_reals=60))
    assert {one.item.split for one in chosen} == {"train"}
    by_part = {
        part: {one.item.path for one in chosen if one.part == part}
        for part in ("replay", "calibration", "holdout")
    }
    assert all(by_part.values())
    assert not by_part["replay"] & by_part["holdout"]
    assert not by_part["calibration"] & (by_part["holdout"] | by_part["replay"])
    held = [one.item.source for one in chosen if one.part == "holdout" and one.item.is_ai]
    assert held.count("source 0") == IMAGES_OF_A_SLICE


def test_sources_take_turns() -> None:
    some = [Item(Path(f"{n}"), "train", True, "big" if n < 9 else "small", "f") for n in range(10)]
    assert [item.source for item in take_turns(some, 4)] == ["big", "small", "big", "big"]
