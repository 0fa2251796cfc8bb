"""label_smoothing agrees with torch.nn.functional.cross_entropy(label_smoothing=…)."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch.nn import functional as F


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.7, 1.0])
@pytest.mark.parametrize("ignore_index", [-100, 2, 77])
@pytest.mark.parametrize(("N", "K"), [(5, 4), (9, 3), (1, 6)])
def test_loss_and_gradient(
    solution: ModuleType, N: int, K: int, ignore_index: int, epsilon: float
) -> None:
    """Loss and gradient are torch's, for every combination of arguments."""
    torch.manual_seed(N * K)
    logits = (5 * torch.randn(N, K, dtype=torch.float64)).requires_grad_()
    target = torch.randint(K, (N,))
    target[0] = 1
    target[1::3] = ignore_index
    got = solution.label_smoothing(logits, target, epsilon, ignore_index)
    expected = F.cross_entropy(logits, target, ignore_index=ignore_index, label_smoothing=epsilon)
    torch.testing.assert_close(got, expected)
    (gradient,) = torch.autograd.grad(got, logits)
    torch.testing.assert_close(gradient, *torch.autograd.grad(expected, logits))


def test_all_ignored(solution: ModuleType) -> None:
    """Torch's mean over nothing is NaN; ours is zero, as torch's sum is."""
    logits = torch.randn(3, 4, requires_grad=True)
    target = torch.full((3,), -100)
    got = solution.label_smoothing(logits, target)
    expected = F.cross_entropy(logits, target, label_smoothing=0.1, reduction="sum")
    torch.testing.assert_close(got, expected)
    (gradient,) = torch.autograd.grad(got, logits)
    assert 0 == gradient.abs().max()


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
