"""CLIP's blocks: the package's weights, arranged as ours, adapted, and exported to the bit."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from ntf.backbones.clip import MEAN, STD, ClipMap, LowRank, find_weights, load_clip
from ntf.export import FROZEN, export_branch, hash_files
from ntf.network import Served, TraceNetwork, build_network
from ntf.predictor import open_network
from ntf.presets import PRESETS
from ntf.torch_backend import open_on_device
from tests.pictures import photograph

torch.set_num_threads(1)
SMALL = replace(PRESETS["semantics"], levels=(1, 2), adapter_rank=4)


@pytest.fixture(scope="module")
def network() -> TraceNetwork:
    """Two blocks whose additions are not zero, as after training."""
    torch.manual_seed(0)
    network = build_network(SMALL, pretrained=True)
    for module in network.modules():
        if isinstance(module, LowRank):
            torch.nn.init.normal_(module.up, std=0.02)
    return network.eval()


def test_our_blocks_say_what_the_package_says() -> None:
    """Its own graph rounds activations to eight bits, so only the direction agrees."""
    crop = torch.from_numpy(photograph()[:224, :224].copy()).permute(2, 0, 1)[None].float() / 255
    model = ClipMap((12,), 0)
    load_clip(model)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    options = onnxruntime.SessionOptions()
    # CPUs with AVX2 alone let sums of its eight-bit products overflow, else: 0.44 instead of 0.97.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(str(find_weights()), options)
    _, theirs = session.run(None, {"pixel_values": ((crop - mean) / std).numpy()})
    with torch.no_grad():
        ours = model.eval()(crop * 2 - 1)[0].flatten(1).T
        theirs = model.norms[0](torch.from_numpy(theirs[0, 1:]))
    assert torch.nn.functional.cosine_similarity(ours, theirs).mean() > 0.95


def test_only_the_additions_and_the_heads_learn(network: TraceNetwork) -> None:
    learned = {name for name, value in network.named_parameters() if value.requires_grad}
    frozen = {name for name, value in network.named_parameters() if not value.requires_grad}
    assert all(name.rsplit(".", 1)[1] in ("weight", "bias") or "blocks" in name for name in learned)
    assert {name.rsplit(".", 1)[1] for name in learned if "attn" in name} == {"up", "down"}
    assert "backbone.blocks.0.fc1.linear.weight" in frozen
    assert {"backbone.positions", "backbone.first", "backbone.patches.weight"} < frozen


def test_exported_blocks_agree_at_every_size_and_keep_their_eight_bits(
    network: TraceNetwork, tmp_path: Path
) -> None:
    crops = {side: torch.rand(2, 3, side, side) for side in (224, 96)}
    with torch.no_grad():
        wanted = {side: Served(network)(given) for side, given in crops.items()}
    path = tmp_path / "semantics.onnx"
    export_branch(network, path, 224)
    found = {"crop_px": 128, "file": path.name, "files": hash_files(path)}
    assert found["files"].keys() == {path.name, FROZEN}
    assert (tmp_path / FROZEN).stat().st_size == 2 * 12 * 768 * 768
    runs = [
        open_network(tmp_path, found, 1, "cpu"),
        open_on_device(path, asdict(SMALL), "cpu"),
    ]
    for run in runs:
        for side, given in crops.items():
            for ours, theirs in zip(wanted[side], run(given.numpy()), strict=True):
                assert np.abs(ours.numpy() - theirs).max() < 1e-3
    maps = runs[0](crops[96].numpy())[2]
    assert maps.shape == (2, 6, 6)


def test_frozen_blocks_learn_nothing() -> None:
    """The "frozen" baseline trained the blocks' norms, and every gradient went through them."""
    learned = [name for name, p in ClipMap((3,), 0).named_parameters() if p.requires_grad]
    assert learned == ["norms.0.weight", "norms.0.bias"]
