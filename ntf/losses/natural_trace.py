"""The natural trace: real photographs come to it, their degraded twins stay away (stage 1).

Without the twins a constant feature would make the first term zero and the trace would tell
nothing.
"""

from torch import Tensor
from torch.nn import functional as F


def to_trace(homogeneous: Tensor, trace: Tensor) -> Tensor:
    """`mean(1 - <z_hom, m>)`: [B, d] and the trace [d], both of unit length."""
    return (1 - homogeneous @ trace.detach()).mean()


def away_from_trace(twins: Tensor, trace: Tensor, margin: float = 0.5) -> Tensor:
    """`mean(max(0, <z_hom(twin), m> - 1 + margin))`: twins [B, d] keep a distance of `margin`."""
    return F.relu(twins @ trace.detach() - 1 + margin).mean()
