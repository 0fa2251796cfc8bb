"""linear_forward and linear_backward agree with torch's linear layer and its autograd."""

from __future__ import annotations

import doctest
from types import ModuleType

import numpy as np
import pytest
import torch
from torch.nn import functional as F

SIZES = [((6,), 3, 4), ((5,), 4, 4), ((), 3, 2), ((2, 3), 5, 1), ((2, 1, 4), 1, 3), ((0, 3), 2, 4)]


@pytest.mark.parametrize(("lead", "d_in", "d_out"), SIZES)
def test_output_and_gradients(
    solution: ModuleType, lead: tuple[int, ...], d_in: int, d_out: int
) -> None:
    """The output and all three gradients are torch's."""
    rng = np.random.default_rng(d_in)
    x, weight = rng.standard_normal((*lead, d_in)), rng.standard_normal((d_out, d_in))
    bias, grad_y = rng.standard_normal(d_out), rng.standard_normal((*lead, d_out))
    tensors = [torch.from_numpy(array).requires_grad_() for array in (x, weight, bias)]
    y = F.linear(*tensors)
    expected = torch.autograd.grad(y, tensors, torch.from_numpy(grad_y))
    np.testing.assert_allclose(solution.linear_forward(x, weight, bias), y.detach(), rtol=1e-12)
    for got, gradient in zip(solution.linear_backward(grad_y, x, weight), expected, strict=True):
        np.testing.assert_allclose(got, gradient, rtol=1e-9, atol=1e-12)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
