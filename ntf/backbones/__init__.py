"""The encoders: each maps crops [B, 3, S, S] in -1..1 to a feature map [B, D, rows, columns]."""

from torch import nn

from ntf.backbones.tiny import TinyMap
from ntf.presets import Preset


def build_backbone(preset: Preset, *, pretrained: bool) -> tuple[nn.Module, int]:
    """The preset's encoder and its D; `pretrained` starts it from a package's weights."""
    if preset.backbone == "tiny":
        return TinyMap(), TinyMap.num_features
    if preset.backbone == "clip":
        from ntf.backbones.clip import ClipMap, load_clip  # noqa: PLC0415  # needs its package

        clip = ClipMap(preset.levels, preset.adapter_rank)
        if pretrained:
            load_clip(clip)
        return clip, clip.num_features
    if preset.backbone in ("resnet", "npr"):
        from ntf.backbones.residual import build_npr, build_resnet  # noqa: PLC0415  # needs timm

        return build_npr() if preset.backbone == "npr" else build_resnet()
    from ntf.backbones.efficientnet import build_lite  # noqa: PLC0415  # needs timm

    return build_lite(preset.backbone, pretrained=pretrained)
