"""Twins by the generator of a CycleGAN, which redraws a photograph with transposed convolutions.

The network is that of Zhu et al., Unpaired Image-to-Image Translation (ICCV 2017), appendix 7.2:
nine residual blocks between two halvings and two doublings. The weights turn photographs into old
ones. So the colours and shades of what it draws are not taken.
"""

import torch
from torch import Tensor, nn

from ntf.packaged import find_packaged
from ntf.precision import fast_dtype
from ntf.twins.autoencoders import pad_to_multiple
from ntf.twins.shades import keep_shades

PACKAGE, FILE = "vintagify", "G_A2B_epoch33.pth"


class Residual(nn.Module):
    """Two convolutions beside their input, [B, C, H, W] to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.ReflectionPad2d(1),
            *_normed(nn.Conv2d(channels, channels, 3)),
            nn.ReflectionPad2d(1),
            *_normed(nn.Conv2d(channels, channels, 3))[:2],
        )

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = self.block(features)
        return features + changed


def build_generator(width: int = 64, blocks: int = 9) -> nn.Sequential:
    """Images [B, 3, H, W] in -1..1, sides a multiple of 4, to images of that size."""
    return nn.Sequential(
        nn.ReflectionPad2d(3),
        *_normed(nn.Conv2d(3, width, 7)),
        *_normed(nn.Conv2d(width, 2 * width, 3, 2, 1)),
        *_normed(nn.Conv2d(2 * width, 4 * width, 3, 2, 1)),
        *(Residual(4 * width) for _ in range(blocks)),
        *_normed(nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, 1, output_padding=1)),
        *_normed(nn.ConvTranspose2d(2 * width, width, 3, 2, 1, output_padding=1)),
        nn.ReflectionPad2d(3),
        nn.Conv2d(width, 3, 7),
        nn.Tanh(),
    )


def _normed(layer: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    return [layer, nn.InstanceNorm2d(layer.out_channels, affine=True), nn.ReLU()]


class CycleGan:
    """The generator of the package `vintagify` as a maker of twins."""

    def __init__(self) -> None:
        """Load its weights.

        Raises:
            WeightsMissing: the package is not installed.
        """
        state = torch.load(find_packaged(PACKAGE, FILE), map_location="cpu", weights_only=True)
        model = build_generator()
        model.load_state_dict({name.removeprefix("model."): state[name] for name in state})
        # bf16 for speed, as in `Taef2`.
        self._dtype = fast_dtype()
        self._model = model.eval().to(self._dtype).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """The images [B, 3, H, W] in 0..1 with their fine detail drawn by the generator."""
        padded, height, width = pad_to_multiple(images)
        given = (padded * 2 - 1).to(self._dtype, memory_format=torch.channels_last)
        drawn = (self._model(given).float() + 1) / 2
        return keep_shades(drawn, padded)[..., :height, :width]
