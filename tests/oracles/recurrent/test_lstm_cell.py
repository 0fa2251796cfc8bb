"""lstm_cell agrees with nn.LSTMCell."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import nn

WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


@pytest.mark.parametrize("scale", [1.0, 1e3])
@pytest.mark.parametrize(("B", "d_in", "d_hidden"), [(3, 4, 5), (2, 7, 3), (1, 1, 2), (4, 2, 1)])
def test_state_and_gradients(
    solution: ModuleType, B: int, d_in: int, d_hidden: int, scale: float
) -> None:
    """States and every gradient are those of nn.LSTMCell, for small and for huge inputs."""
    torch.manual_seed(B * d_in)
    cell = nn.LSTMCell(d_in, d_hidden, dtype=torch.float64)
    weights = [getattr(cell, name) for name in WEIGHTS]
    x = (scale * torch.randn(B, d_in, dtype=torch.float64)).requires_grad_()
    h, c = (torch.randn(B, d_hidden, dtype=torch.float64, requires_grad=True) for _ in range(2))
    expected = cell(x, (h, c))
    got = solution.lstm_cell(x, (h, c), *weights)
    torch.testing.assert_close(got, expected)

    cotangents = [torch.randn_like(state) for state in expected]
    arguments = [x, h, c, *weights]
    torch.testing.assert_close(
        torch.autograd.grad(got, arguments, cotangents),
        torch.autograd.grad(expected, arguments, cotangents),
    )


def test_sequence(solution: ModuleType) -> None:
    """Six steps in a row end in the state of nn.LSTM."""
    torch.manual_seed(0)
    layer = nn.LSTM(3, 5, dtype=torch.float64)
    weights = [getattr(layer, f"{name}_l0") for name in WEIGHTS]
    xs = torch.randn(6, 2, 3, dtype=torch.float64)
    h, c = torch.randn(2, 2, 5, dtype=torch.float64)
    _, expected = layer(xs, (h[None], c[None]))
    for x in xs:
        h, c = solution.lstm_cell(x, (h, c), *weights)
    torch.testing.assert_close((h[None], c[None]), expected)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
