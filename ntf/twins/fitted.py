"""Twins from small decoders of our own, fitted to real photographs alone.

Generators differ in how they come from few places to many pixels: by repeating, by transposed or
sub-pixel convolution, by interpolation. Each leaves its own pattern. So a few autoencoders that
differ in just that are fitted to photographs and give each photograph back with their pattern
(Zhang et al., AutoGAN, WIFS 2019; Jeong et al., FingerprintNet, ECCV 2022). The latents are wide:
a narrow one would blur, and a detector would learn the blur. One network takes noise away instead,
as the models of pixel diffusion do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

Upsampling = Literal["nearest", "bilinear", "transpose", "subpixel"]
Norm = Literal["none", "batch", "instance"]
CROP_PX, BATCH = 64, 16


@dataclass(frozen=True, slots=True)
class Spec:
    """One decoder: `scales` halvings down and doublings up again."""

    name: str
    scales: int
    upsampling: Upsampling
    norm: Norm
    latent: int
    noise: float = 0.0
    steps: int = 1200


SPECS = (
    Spec("nearest_x2", 1, "nearest", "none", 16),
    Spec("transpose_x2", 1, "transpose", "none", 16),
    Spec("subpixel_x4", 2, "subpixel", "none", 48),
    Spec("nearest_x4", 2, "nearest", "batch", 48),
    Spec("transpose_x4", 2, "transpose", "instance", 48),
    Spec("bilinear_x4", 2, "bilinear", "none", 48),
    Spec("nearest_x8", 3, "nearest", "none", 128),
    Spec("transpose_x8", 3, "transpose", "batch", 128),
    Spec("denoise", 2, "nearest", "none", 64, noise=0.15),
)


class Autoencoder(nn.Module):
    """Images [B, 3, H, W] in 0..1, sides a multiple of 8, to themselves."""

    def __init__(self, spec: Spec, width: int = 32) -> None:
        super().__init__()
        self.spec = spec
        widths = [min(width * 2**scale, 64) for scale in range(spec.scales + 1)]
        down: list[nn.Module] = [nn.Conv2d(3, widths[0], 3, 1, 1)]
        for before, after in pairwise(widths):
            down += [nn.LeakyReLU(0.2), nn.Conv2d(before, after, 4, 2, 1)]
        self.encoder = nn.Sequential(
            *down, nn.LeakyReLU(0.2), nn.Conv2d(widths[-1], spec.latent, 3, 1, 1)
        )
        up: list[nn.Module] = [nn.Conv2d(spec.latent, widths[-1], 3, 1, 1)]
        for before, after in pairwise(widths[::-1]):
            up += [_norm(spec.norm, before), nn.LeakyReLU(0.2), *_upsample(spec, before, after)]
        self.decoder = nn.Sequential(*up, nn.LeakyReLU(0.2), nn.Conv2d(widths[0], 3, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        decoded: Tensor = self.decoder(self.encoder(images - 0.5))
        # A denoiser says what to take away; an autoencoder draws the whole picture.
        return images + decoded if self.spec.noise else decoded + 0.5


def _norm(norm: Norm, channels: int) -> nn.Module:
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.InstanceNorm2d(channels, affine=True) if norm == "instance" else nn.Identity()


def _upsample(spec: Spec, before: int, after: int) -> list[nn.Module]:
    if spec.upsampling == "transpose":
        return [nn.ConvTranspose2d(before, after, 4, 2, 1)]
    if spec.upsampling == "subpixel":
        return [nn.Conv2d(before, 4 * after, 3, 1, 1), nn.PixelShuffle(2)]
    mode = nn.Upsample(scale_factor=2, mode=spec.upsampling)
    return [mode, nn.Conv2d(before, after, 3, 1, 1)]


def fit(spec: Spec, photographs: Sequence[NDArray[np.uint8]], seed: int = 1) -> Autoencoder:
    """Fit one decoder to crops of photographs [H, W, 3]; minutes on a CPU, the same from a seed."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Autoencoder(spec).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, spec.steps)
    steps = tqdm(range(spec.steps), desc=f"fit {spec.name}", mininterval=5)
    for _ in steps:
        wanted = torch.from_numpy(_crops(photographs, rng)).to(memory_format=torch.channels_last)
        given = wanted
        if spec.noise:
            given = wanted + spec.noise * torch.rand(len(wanted), 1, 1, 1) * torch.randn_like(
                wanted
            )
        loss = reconstruction_loss(model(given), wanted)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        steps.set_postfix(loss=f"{loss.item():.4f}", refresh=False)
    return model.eval()


def reconstruction_loss(found: Tensor, wanted: Tensor) -> Tensor:
    """L1 over pixels and over the spectrum's size, so that fine detail is not given up."""
    spectra = [torch.fft.rfft2(images, norm="ortho").abs() for images in (found, wanted)]
    return F.l1_loss(found, wanted) + 0.5 * F.l1_loss(*spectra)


def _crops(
    photographs: Sequence[NDArray[np.uint8]], rng: np.random.Generator
) -> NDArray[np.float32]:
    crops = []
    for index in rng.integers(len(photographs), size=BATCH):
        image = photographs[index]
        top = rng.integers(0, image.shape[0] - CROP_PX + 1)
        left = rng.integers(0, image.shape[1] - CROP_PX + 1)
        crops.append(image[top : top + CROP_PX, left : left + CROP_PX])
    return np.stack(crops).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)


class Fitted:
    """One fitted decoder as a maker of twins; its weights are kept in a folder."""

    def __init__(
        self, spec: Spec, folder: Path, photographs: Callable[[], Sequence[NDArray[np.uint8]]]
    ) -> None:
        self._spec = spec
        path = folder / f"{spec.name}.safetensors"
        if path.exists():
            self._model = Autoencoder(spec)
            self._model.load_state_dict(load_file(path))
        else:
            self._model = fit(spec, photographs())
            folder.mkdir(parents=True, exist_ok=True)
            state = {name: t.contiguous() for name, t in self._model.state_dict().items()}
            save_file(state, path)
        self._model.eval().to(memory_format=torch.channels_last)
        self._noise = torch.Generator().manual_seed(1)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """The images [B, 3, H, W] in 0..1 with the decoder's pattern."""
        height, width = images.shape[2:]
        given = F.pad(images, (0, -width % 8, 0, -height % 8), mode="reflect")
        if self._spec.noise:
            strength = self._spec.noise * torch.rand(1, generator=self._noise)
            given = given + strength * torch.randn(given.shape, generator=self._noise)
        back: Tensor = self._model(given.contiguous(memory_format=torch.channels_last))
        return back.clamp(0, 1)[..., :height, :width]
