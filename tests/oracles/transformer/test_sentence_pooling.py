"""sentence_pooling agrees with a loop over sentences and words."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import Tensor


def _loop(hidden: Tensor, attention: Tensor, special: Tensor, mode: str) -> Tensor:
    """Pool sentence by sentence, from the statement."""
    pooled = []
    for vectors, real, marks in zip(hidden, attention.tolist(), special.tolist(), strict=True):
        tokens = [v for v, r in zip(vectors, real, strict=True) if r]
        kept = zip(vectors, real, marks, strict=True)
        words = [v for v, r, mark in kept if r and not mark]
        taken = tokens[:1] if mode == "cls" else words
        zero = vectors[0] * 0
        mean = sum(taken, zero) / max(len(taken), 1)
        largest = torch.stack(taken).max(0).values if taken else zero
        pooled.append(torch.cat([largest, mean]) if mode == "max_mean" else mean)
    return torch.stack(pooled)


@pytest.mark.parametrize("mode", ["cls", "mean", "max_mean"])
@pytest.mark.parametrize(("B", "T", "d"), [(6, 5, 3), (1, 1, 4), (40, 4, 2)])
def test_output_and_gradient(solution: ModuleType, B: int, T: int, d: int, mode: str) -> None:
    """Result and gradient are those of the loop for masks drawn at random, empty rows included."""
    torch.manual_seed(B)
    hidden = torch.randn(B, T, d, dtype=torch.float64, requires_grad=True)
    attention, special = torch.randint(2, (B, T)), torch.randint(2, (B, T))
    got = solution.sentence_pooling(hidden, attention, special, mode)
    expected = _loop(hidden, attention, special, mode)
    torch.testing.assert_close(got, expected)
    cotangent = torch.randn_like(expected)
    torch.testing.assert_close(
        torch.autograd.grad(got, hidden, cotangent),
        torch.autograd.grad(expected, hidden, cotangent),
    )


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
