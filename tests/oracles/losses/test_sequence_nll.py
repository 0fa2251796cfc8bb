"""sequence_nll agrees with torch.nn.functional.cross_entropy over shifted labels."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch.nn import functional as F


@pytest.mark.parametrize("p", [1.0, 0.7, 0.4])
@pytest.mark.parametrize(("B", "T", "V"), [(3, 6, 5), (1, 9, 4), (4, 2, 7)])
def test_loss_and_gradient(solution: ModuleType, B: int, T: int, V: int, p: float) -> None:
    """Loss, perplexity and gradient are torch's, with labels of −100 where no guess counts."""
    torch.manual_seed(B * T)
    logits = (3 * torch.randn(B, T, V, dtype=torch.float64)).requires_grad_()
    mask = torch.rand(B, T) < p
    mask[0, :2] = True
    tokens = torch.randint(V, (B, T)).masked_fill(~mask, 50_000)
    labels = tokens[:, 1:].masked_fill(~(mask[:, 1:] & mask[:, :-1]), -100)
    expected = F.cross_entropy(logits[:, :-1].transpose(1, 2), labels)
    loss, perplexity = solution.sequence_nll(logits, tokens, mask)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(perplexity, expected.exp())
    (gradient,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(gradient, *torch.autograd.grad(expected, logits))


@pytest.mark.parametrize(("T", "real"), [(1, True), (3, False)])
def test_nothing_to_count(solution: ModuleType, T: int, real: bool) -> None:
    """Without a guess that counts, torch's sum and ours are zero with zero gradients."""
    logits = torch.randn(2, T, 4, requires_grad=True)
    tokens = torch.zeros(2, T, dtype=torch.int64)
    loss, perplexity = solution.sequence_nll(logits, tokens, torch.full((2, T), real))
    labels = torch.full((2, T - 1), -100)
    expected = F.cross_entropy(logits[:, :-1].transpose(1, 2), labels, reduction="sum")
    torch.testing.assert_close(loss, expected)
    assert 1 == perplexity
    (gradient,) = torch.autograd.grad(loss, logits)
    assert 0 == gradient.abs().max()


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
