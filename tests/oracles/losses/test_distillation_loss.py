"""distillation_loss agrees with torch's kl_div and cross_entropy."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch.nn import functional as F


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("N", "K"), [(5, 4), (1, 6), (8, 2)])
def test_loss_and_gradient(
    solution: ModuleType, N: int, K: int, alpha: float, temperature: float
) -> None:
    """Loss and gradient are those of torch's two losses, mixed."""
    torch.manual_seed(N * K)
    student = (3 * torch.randn(N, K, dtype=torch.float64)).requires_grad_()
    teacher = 3 * torch.randn(N, K, dtype=torch.float64)
    target = torch.randint(K, (N,))
    got = solution.distillation_loss(student, teacher, target, temperature, alpha)
    soft = F.kl_div(
        F.log_softmax(student / temperature, dim=-1),
        F.softmax(teacher / temperature, dim=-1),
        reduction="batchmean",
    )
    expected = alpha * temperature**2 * soft + (1 - alpha) * F.cross_entropy(student, target)
    torch.testing.assert_close(got, expected)
    (gradient,) = torch.autograd.grad(got, student)
    torch.testing.assert_close(gradient, *torch.autograd.grad(expected, student))


def test_large_temperature(solution: ModuleType) -> None:
    """At a very large T the soft part is half the mean squared difference of centred logits."""
    torch.manual_seed(0)
    student, teacher = torch.randn(2, 4, 5, dtype=torch.float64)
    got = solution.distillation_loss(student, teacher, torch.zeros(4, dtype=torch.long), 1e4, 1.0)
    gap = student - teacher
    expected = (gap - gap.mean(dim=1, keepdim=True)).square().mean() / 2
    torch.testing.assert_close(got, expected, rtol=1e-3, atol=0.0)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
