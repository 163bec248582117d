"""Supervised contrast with the traces as members of the class *real* (2403.16513, stage 2)."""

import torch
from torch import Tensor


def extended_supcon(
    features: Tensor, is_ai: Tensor, traces: Tensor, temperature: float, trace_weight: float = 2.0
) -> Tensor:
    """SupCon (Khosla et al. 2020, eq. 2) over the batch and the traces.

    A trace is a positive for real anchors and a negative for AI-made ones, counted
    `trace_weight` times; traces are no anchors.

    Args:
        features: [B, d], unit length. is_ai: [B], 0 or 1. traces: [K, d], unit length.
    """
    batch = features.shape[0]
    members = torch.cat([features, traces.detach()])
    member_is_ai = torch.cat([is_ai, is_ai.new_zeros(len(traces))])
    weight = features.new_ones(len(members))
    weight[batch:] = trace_weight
    similar = features @ members.T / temperature
    itself = torch.zeros_like(similar, dtype=torch.bool).fill_diagonal_(True)
    log_weight = weight.log().expand_as(similar).masked_fill(itself, float("-inf"))
    log_share = similar - torch.logsumexp(similar + log_weight, dim=1, keepdim=True)
    positive = (is_ai[:, None] == member_is_ai[None, :]).float() * weight
    positive = positive.masked_fill(itself, 0.0)
    return -((positive * log_share).sum(1) / positive.sum(1).clamp(min=1)).mean()
