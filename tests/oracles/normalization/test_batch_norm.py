"""BatchNorm agrees with nn.BatchNorm1d and nn.BatchNorm2d."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import nn

SHAPES = [(4, 3), (2, 5, 7), (1, 3, 4, 2), (6, 1, 1, 3)]


def _pair(solution: ModuleType, shape: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    """Return the reference and torch's own module with the same state, in float64."""
    ours = solution.BatchNorm(shape[1], eps=0.02, momentum=0.3).double()
    kind = nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d
    torchs = kind(shape[1], eps=0.02, momentum=0.3).double()
    for value in ours.state_dict().values():
        value.uniform_(0.5, 2.0)
    torchs.load_state_dict(ours.state_dict(), strict=False)  # ours counts no batches
    return ours, torchs


@pytest.mark.parametrize("shape", SHAPES)
def test_training_and_evaluation(solution: ModuleType, shape: tuple[int, ...]) -> None:
    """Outputs, gradients and running statistics are those of torch, over several batches."""
    torch.manual_seed(shape[0])
    ours, torchs = _pair(solution, shape)
    for training in (True, True, False, True, False):
        x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
        cotangent, found = torch.randn_like(x), []
        for layer in (ours.train(training), torchs.train(training)):
            y = layer(x)
            inputs = (x, layer.weight, layer.bias)
            gradients = torch.autograd.grad(y, inputs, cotangent)
            found.append((y, gradients, layer.running_mean, layer.running_var))
        torch.testing.assert_close(*found)


@pytest.mark.parametrize("shape", [(1, 3), (1, 2, 1, 1)])
def test_one_value(solution: ModuleType, shape: tuple[int, ...]) -> None:
    """One value per channel is refused in training only, as torch does."""
    for layer in _pair(solution, shape):
        layer.eval()(torch.ones(shape).double())
        with pytest.raises(ValueError, match="value"):
            layer.train()(torch.ones(shape).double())


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
