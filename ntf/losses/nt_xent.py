"""NT-Xent: two views of one image find each other among all others (Chen et al. 2020, eq. 1)."""

import torch
from torch import Tensor
from torch.nn import functional as F


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """`mean_i -log exp(<z_i, z_i'> / t) / sum_{k != i} exp(<z_i, z_k> / t)`.

    Args:
        first, second: [B, d], unit length; row i of both shows image i.
    """
    batch = first.shape[0]
    both = torch.cat([first, second])
    similar = both @ both.T / temperature
    similar.fill_diagonal_(float("-inf"))
    partner = (torch.arange(2 * batch, device=both.device) + batch) % (2 * batch)
    return F.cross_entropy(similar, partner)
