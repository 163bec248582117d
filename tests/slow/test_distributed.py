"""Training by two processes under torchrun, on the CPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ntf.checkpoint import load_checkpoint, read_metadata
from ntf.network import build_network
from ntf.presets import PRESETS

pytestmark = pytest.mark.retraining


def test_two_processes_learn_one_network(tmp_path: Path) -> None:
    worker = Path(__file__).with_name("train_in_two_processes.py")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, "--standalone", str(worker), str(tmp_path)],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    metadata = read_metadata(tmp_path)
    assert (metadata["stage"], metadata["step"]) == ("2", "6")
    network = build_network(PRESETS["tiny"])
    assert load_checkpoint(network, tmp_path)
    assert torch.isfinite(network.classifier.weight).all()
