"""cross_entropy agrees with torch.nn.functional.cross_entropy."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch.nn import functional as F


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("ignore_index", [-100, 2, 77])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("N", "K"), [(5, 4), (9, 3), (1, 6)])
def test_loss_and_gradient(
    solution: ModuleType, N: int, K: int, weighted: bool, ignore_index: int, reduction: str
) -> None:
    """Loss and gradient are torch's, for every combination of arguments."""
    torch.manual_seed(N * K)
    logits = (5 * torch.randn(N, K, dtype=torch.float64)).requires_grad_()
    target = torch.randint(K, (N,))
    target[0] = 1
    target[1::3] = ignore_index
    weight = torch.rand(K, dtype=torch.float64) + 0.1 if weighted else None
    arguments = (logits, target, weight)
    got = solution.cross_entropy(*arguments, ignore_index=ignore_index, reduction=reduction)
    expected = F.cross_entropy(*arguments, ignore_index=ignore_index, reduction=reduction)
    torch.testing.assert_close(got, expected)
    (gradient,) = torch.autograd.grad(got, logits)
    torch.testing.assert_close(gradient, *torch.autograd.grad(expected, logits))


def test_infinite_logits(solution: ModuleType) -> None:
    """Classes ruled out by −∞ are treated as torch treats them."""
    logits = torch.randn(4, 5, dtype=torch.float64)
    logits[:, 0] = -torch.inf
    logits[3, 1:4] = -torch.inf
    logits.requires_grad_()
    target = torch.tensor([1, 4, 2, -100])
    got = solution.cross_entropy(logits, target)
    expected = F.cross_entropy(logits, target)
    torch.testing.assert_close(got, expected)
    (gradient,) = torch.autograd.grad(got, logits)
    torch.testing.assert_close(gradient, *torch.autograd.grad(expected, logits))


def test_all_ignored(solution: ModuleType) -> None:
    """Torch's mean over nothing is NaN; ours is zero, as torch's sum is."""
    logits = torch.randn(3, 4, requires_grad=True)
    target = torch.full((3,), -100)
    got = solution.cross_entropy(logits, target)
    assert F.cross_entropy(logits, target).isnan()
    torch.testing.assert_close(got, F.cross_entropy(logits, target, reduction="sum"))
    (gradient,) = torch.autograd.grad(got, logits)
    assert 0 == gradient.abs().max()


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
