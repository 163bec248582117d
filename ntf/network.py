"""The network: one encoder, a homogeneous and a heterogeneous head, a classifier, the traces.

The heads are 1 x 1 convolutions, so that they say for each place of the feature map how far it is
from the natural traces: that is the heatmap.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ntf.backbones import build_backbone
from ntf.presets import Preset

IMAGE_MEAN, IMAGE_STD = 0.5, 0.5
HIDDEN = 512


class Mapped(NamedTuple):
    """What training needs: logits [B], and both heads' features [B, d], of unit length."""

    logits: Tensor
    homogeneous: Tensor
    heterogeneous: Tensor


class TraceNetwork(nn.Module):
    """Crops [B, 3, S, S] in 0..1 to a logit and to features around the natural traces [K, d]."""

    traces: Tensor

    def __init__(self, preset: Preset, backbone: nn.Module, channels: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.homogeneous = _head(channels, preset.projection)
        self.heterogeneous = _head(channels, preset.projection)
        self.classifier = nn.Linear(channels, 1)
        self.register_buffer("traces", F.normalize(torch.randn(1, preset.projection), dim=1))

    def forward(self, crops: Tensor) -> Mapped:
        mapped = self.features(crops)
        hom, het = self.homogeneous(mapped), self.heterogeneous(mapped)
        return Mapped(
            self.classify(mapped),
            F.normalize(hom.float().mean((2, 3)), dim=1),
            F.normalize(het.float().mean((2, 3)), dim=1),
        )

    def features(self, crops: Tensor) -> Tensor:
        """The encoder's map [B, D, rows, columns]."""
        mapped: Tensor = self.backbone((crops - IMAGE_MEAN) / IMAGE_STD)
        return mapped

    def classify(self, mapped: Tensor) -> Tensor:
        """Logits [B] that the crops are AI-made."""
        logits: Tensor = self.classifier(mapped.mean((2, 3)))
        return logits.squeeze(1).float()


class Served(nn.Module):
    """The network as it is exported: without the heterogeneous head, which only training needs."""

    def __init__(self, network: TraceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logit [B], distance to the nearest trace [B] in 0..2, and its map [B, rows, columns]."""
        network = self.network
        mapped = network.features(crops)
        hom = network.homogeneous(mapped)
        places = F.normalize(hom, dim=1).permute(0, 2, 3, 1) @ network.traces.T
        whole = F.normalize(hom.mean((2, 3)), dim=1) @ network.traces.T
        return network.classify(mapped), 1 - whole.amax(1), 1 - places.amax(3)


def _head(channels: int, projection: int) -> nn.Sequential:
    hidden = min(channels // 2, HIDDEN)
    return nn.Sequential(
        nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, projection, 1)
    )


def build_network(preset: Preset, *, pretrained: bool = False) -> TraceNetwork:
    """The preset's network; `pretrained` starts its encoder from a package's weights."""
    backbone, channels = build_backbone(preset, pretrained=pretrained)
    return TraceNetwork(preset, backbone, channels)
