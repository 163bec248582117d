"""The losses, against values that can be worked out by hand."""

import math

import pytest
import torch
from torch.nn import functional as F

from ntf.losses.extended_supcon import extended_supcon
from ntf.losses.natural_trace import away_from_trace, to_trace
from ntf.losses.nt_xent import nt_xent
from ntf.losses.orthogonality import soft_orthogonality

AXES = torch.eye(4)


def test_nt_xent_of_two_images_told_apart() -> None:
    # Each view sees its partner at similarity 1 and two others at 0.
    expected = -math.log(math.e / (math.e + 2))
    assert nt_xent(AXES[:2], AXES[:2], 1.0).item() == pytest.approx(expected)


def test_nt_xent_is_larger_when_views_do_not_match() -> None:
    assert nt_xent(AXES[:2], AXES[[1, 0]], 0.1) > nt_xent(AXES[:2], AXES[:2], 0.1)


def test_uncorrelated_features_cost_nothing() -> None:
    varying, steady = torch.stack([AXES[0], -AXES[0]]), AXES[[1, 1]]
    assert soft_orthogonality(varying, steady).item() == 0
    assert soft_orthogonality(varying, varying).item() == pytest.approx(1)


def test_photographs_come_to_the_trace_and_twins_stay_away() -> None:
    trace = AXES[0]
    assert to_trace(AXES[[0, 0]], trace).item() == 0
    assert to_trace(AXES[[1, 1]], trace).item() == 1
    assert away_from_trace(AXES[[1, 1]], trace).item() == 0
    assert away_from_trace(AXES[[0, 0]], trace).item() == pytest.approx(0.5)


def test_the_trace_draws_real_features_and_repels_ai() -> None:
    is_ai = torch.tensor([0.0, 0.0, 1.0, 1.0])
    trace = AXES[[0]]
    apart = extended_supcon(AXES[[0, 0, 1, 1]], is_ai, trace, 0.5)
    swapped = extended_supcon(AXES[[1, 1, 0, 0]], is_ai, trace, 0.5)
    assert apart < swapped


def test_without_weight_for_the_trace_supcon_is_symmetric() -> None:
    is_ai = torch.tensor([0.0, 0.0, 1.0, 1.0])
    none = torch.zeros(0, 4)
    first = extended_supcon(AXES[[0, 0, 1, 1]], is_ai, none, 0.5)
    second = extended_supcon(AXES[[1, 1, 0, 0]], is_ai, none, 0.5)
    assert first.item() == pytest.approx(second.item())


def test_no_gradient_moves_the_trace() -> None:
    trace = F.normalize(torch.randn(1, 4), dim=1).requires_grad_()
    features = F.normalize(torch.randn(4, 4), dim=1).requires_grad_()
    extended_supcon(features, torch.tensor([0.0, 1.0, 0.0, 1.0]), trace, 0.1).backward()
    assert trace.grad is None
    assert features.grad is not None
