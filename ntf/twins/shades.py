"""Colours and shades stay the photograph's; a network's trace is in the fine detail."""

from torch import Tensor
from torch.nn import functional as F

COARSE_PX = 9


def keep_shades(drawn: Tensor, photograph: Tensor) -> Tensor:
    """The fine detail of what a network drew on the coarse picture of its photograph.

    Coarse is what two boxes of 9 px leave. Else a detector would learn a network's tone.

    Args:
        drawn, photograph: [B, 3, H, W] in 0..1, sides above 4 px, one in the other's place.
    """
    difference = photograph - drawn
    for _ in range(2):
        mirrored = F.pad(difference, (COARSE_PX // 2,) * 4, mode="reflect")
        difference = F.avg_pool2d(mirrored, COARSE_PX, 1)
    return (drawn + difference).clamp(0, 1)
