"""FeedForward agrees with the same layers in nn.Sequential."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import nn


@pytest.mark.parametrize("shape", [(2, 5, 6), (1, 1, 3), (4,)])
@pytest.mark.parametrize("d_ff", [1, 9])
def test_output_and_gradients(solution: ModuleType, shape: tuple[int, ...], d_ff: int) -> None:
    """Output and every gradient are those of nn.Sequential."""
    torch.manual_seed(d_ff)
    layer = solution.FeedForward(shape[-1], d_ff).double()
    torchs = nn.Sequential(
        nn.Linear(shape[-1], d_ff), nn.ReLU(), nn.Linear(d_ff, shape[-1])
    ).double()
    torchs.load_state_dict(dict(zip(torchs.state_dict(), layer.state_dict().values(), strict=True)))
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    got, expected, cotangent = layer(x), torchs(x), torch.randn_like(x)
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(
        torch.autograd.grad(got, (x, *layer.parameters()), cotangent),
        torch.autograd.grad(expected, (x, *torchs.parameters()), cotangent),
    )


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
