"""Started twice by torchrun: trains, then checks that both processes hold the same weights."""

import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import distributed

from ntf.batches import Batches
from ntf.network import build_network
from ntf.presets import PRESETS
from ntf.train import leave_group, train
from tests.unit.ntf.test_training import made_batches

torch.set_num_threads(1)
distributed.init_process_group("gloo")
rank = distributed.get_rank()
preset = replace(PRESETS["tiny"], stage1_steps=4, stage2_steps=6)
whole = made_batches()
batches = Batches(whole.images, whole.sides, whole.pairs, whole.seed, rank)
first = batches.labelled(0, 16)[0].sum()
# Not the same start: only the wrapper's broadcast can make the processes agree.
torch.manual_seed(rank)
network = build_network(preset)
train(network, batches, preset, Path(sys.argv[1]))

sums = [torch.zeros(()) for _ in range(2)]
distributed.all_gather(sums, first)
assert sums[0] != sums[1], "both processes had the same images"
for name, parameter in network.named_parameters():
    both = [torch.zeros_like(parameter) for _ in range(2)]
    distributed.all_gather(both, parameter.detach())
    assert torch.equal(*both), f"{name} differs between the processes"
leave_group()
