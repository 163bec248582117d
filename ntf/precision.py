"""Half precision only where the hardware has it."""

import torch


def has_bf16(device: torch.device | str) -> bool:
    """Whether a device multiplies in bfloat16 by itself.

    A CPU with AVX2 alone emulates it, and one product of 2,048 x 2,048 then takes minutes where
    fp32 takes a tenth of a second. oneDNN's own rule is asked, since its kernels do the work.
    """
    if torch.device(device).type == "cpu":
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def fast_dtype(device: torch.device | str = "cpu") -> torch.dtype:
    """bfloat16 where the device has it, else fp32."""
    return torch.bfloat16 if has_bf16(device) else torch.float32
