"""The encoders of two published detectors, for comparison: they are trained by our own loop.

Neither starts from ImageNet weights, as the originals do: none install from a package.
"""

import timm
from torch import Tensor, nn
from torch.nn import functional as F


class NeighbouringPixels(nn.Module):
    """What remains of a crop when each 2 x 2 px are made one (Tan et al., NPR, CVPR 2024)."""

    def forward(self, crops: Tensor) -> Tensor:
        halved = F.interpolate(crops, scale_factor=0.5, mode="nearest")
        return (crops - F.interpolate(halved, scale_factor=2.0, mode="nearest")) * 2 / 3


def build_resnet() -> tuple[nn.Module, int]:
    """ResNet-18 for the ResNet-50 of CNNDetection (Wang et al., CVPR 2020); stride 32."""
    model = timm.create_model("resnet18", num_classes=0, global_pool="")
    return model, 512


def build_npr() -> tuple[nn.Module, int]:
    """NPR's network: the residual, then ResNet-50 up to its second stage; stride 8."""
    whole = timm.create_model("resnet50", num_classes=0, global_pool="")
    parts = ("conv1", "bn1", "act1", "maxpool", "layer1", "layer2")
    kept = [whole.get_submodule(part) for part in parts]
    return nn.Sequential(NeighbouringPixels(), *kept), 512
