"""Soft orthogonality: what is common and what is the image's own stay independent."""

from torch import Tensor


def soft_orthogonality(homogeneous: Tensor, heterogeneous: Tensor) -> Tensor:
    """`|| Z_hom^T Z_het / B ||_F^2` over [B, d] and [B, d] (2403.16513, stage 1)."""
    return ((homogeneous.T @ heterogeneous) / homogeneous.shape[0]).square().sum()
