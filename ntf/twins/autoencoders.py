"""Twins by the round trip through the autoencoder of a latent diffusion model.

What comes back differs from the photograph in the decoder's traces alone, which are those of every
image that was generated in that latent space (Rajan et al., Aligned Datasets Improve Detection of
Latent Diffusion-Generated Images, ICLR 2025).
"""

import os
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ntf.errors import TwinsUnavailable
from ntf.precision import fast_dtype

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

MULTIPLE_PX = 32


class Block(nn.Module):
    """Three convolutions beside the input; with `pooled`, channels mixed through a norm first."""

    def __init__(self, *, pooled: bool) -> None:
        super().__init__()
        self.conv = nn.Sequential(_conv(64, 64), nn.ReLU(), _conv(64, 64), nn.ReLU(), _conv(64, 64))
        self.pool = (
            nn.Sequential(
                nn.Conv2d(64, 256, 1, bias=False),
                nn.GroupNorm(4, 256),
                nn.ReLU(),
                nn.Conv2d(256, 64, 1, bias=False),
            )
            if pooled
            else None
        )

    def forward(self, features: Tensor) -> Tensor:
        if self.pool is not None:
            features = features + self.pool(features)
        return F.relu(self.conv(features) + features)


class SoftClamp(nn.Module):
    """Keeps a latent within -3..3, smoothly."""

    def forward(self, latent: Tensor) -> Tensor:
        return torch.tanh(latent / 3) * 3


def _conv(before: int, after: int, *, stride: int = 1, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, stride, 1, bias=bias)


def _stage(*, pooled: bool = False) -> list[nn.Module]:
    return [Block(pooled=pooled) for _ in range(3)]


def build_taef2() -> nn.Sequential:
    """Tiny autoencoder of the FLUX.2 latent space (madebyollin/taesd, MIT): 8x, 32 channels."""
    down: list[nn.Module] = [_conv(3, 64), Block(pooled=False)]
    for pooled in (False, False, True):
        down += [_conv(64, 64, stride=2, bias=False), *_stage(pooled=pooled)]
    down.append(_conv(64, 32))
    up: list[nn.Module] = [SoftClamp(), _conv(32, 64), nn.ReLU()]
    for pooled in (True, False, False):
        up += [*_stage(pooled=pooled), nn.Upsample(scale_factor=2), _conv(64, 64, bias=False)]
    up += [Block(pooled=False), _conv(64, 3)]
    return nn.Sequential(nn.Sequential(*down), nn.Sequential(*up))


class Taef2:
    """`taef2_encoder.pth` and `taef2_decoder.pth` of a folder."""

    def __init__(self, folder: Path) -> None:
        model = build_taef2().eval()
        for part, name in zip(model, ("encoder", "decoder"), strict=True):
            path = _existing(folder / f"taef2_{name}.pth")
            part.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        # bf16, as such models run in their pipelines; three times as fast on a CPU that has it.
        self._dtype = fast_dtype()
        self._model = model.to(self._dtype).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Round trip of images [B, 3, H, W] in 0..1."""
        padded, height, width = pad_to_multiple(images)
        back: Tensor = self._model(padded.to(self._dtype, memory_format=torch.channels_last))
        return back.float().clamp(0, 1)[..., :height, :width]


class VaeLight:
    """Light Stable Diffusion encoder and preview decoder (Graphnull/VAElight, Apache-2.0)."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._encoder, self._decoder = (
            onnxruntime.InferenceSession(str(_existing(folder / f"vaelight_{name}.onnx")), options)
            for name in ("encoder", "decoder")
        )

    def __call__(self, images: Tensor) -> Tensor:
        """Round trip of images [B, 3, H, W] in 0..1. The decoder's four scales add up."""
        padded, height, width = pad_to_multiple(images)
        (latent,) = self._encoder.run(None, {"input": (padded * 2 - 1).numpy()})
        scales = self._decoder.run(None, {"latent": latent})
        total = torch.zeros_like(padded)
        for scale in scales:
            total += F.interpolate(torch.from_numpy(scale), padded.shape[2:], mode="bilinear")
        return ((total + 1) / 2).clamp(0, 1)[..., :height, :width]


def pad_to_multiple(images: Tensor, multiple: int = MULTIPLE_PX) -> tuple[Tensor, int, int]:
    """Mirrored at the lower and right edge to a multiple; and the height and width before."""
    height, width = images.shape[2:]
    padded = F.pad(images, (0, -width % multiple, 0, -height % multiple), mode="reflect")
    return padded, height, width


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise TwinsUnavailable(
            f"There is no {path}. Put the decoder's files there, or leave this family out."
        )
    return path
