"""Dropout is distributed like nn.Dropout."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from scipy import stats
from torch import nn


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_number_kept(solution: ModuleType, p: float) -> None:
    """The number kept in each column is binomial, and pairs of elements are independent."""
    layer = solution.Dropout(p, torch.Generator().manual_seed(0))
    kept = layer(torch.ones(4000, 6)) > 0
    for column in kept.T:
        assert stats.binomtest(int(column.sum()), 4000, 1 - p).pvalue > 1e-5
    torch.testing.assert_close(
        torch.cov(kept.double().T).triu(1), torch.zeros(6, 6).double(), atol=0.02, rtol=0
    )


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("training", [True, False])
def test_values(solution: ModuleType, p: float, training: bool) -> None:
    """The values that occur are those of nn.Dropout, with the same gradients."""
    x = torch.tensor([2.0, -3.0], dtype=torch.float64).repeat(200).requires_grad_()
    found = []
    for layer in (solution.Dropout(p), nn.Dropout(p)):
        y = layer.train(training)(x)
        (gradient,) = torch.autograd.grad(y.sum(), x)
        torch.testing.assert_close(y, x * gradient)
        found.append((y.abs().unique(), gradient.abs().unique()))
    torch.testing.assert_close(*found)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
