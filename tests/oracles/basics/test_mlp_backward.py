"""mlp_backward agrees with torch's autograd."""

from __future__ import annotations

import doctest
from types import ModuleType

import numpy as np
import pytest
import torch
from torch.nn import functional as F

NAMES = ("w1", "b1", "w2", "b2")
SIZES = [(5, 3, 7, 4), (1, 2, 6, 5), (9, 4, 4, 4), (8, 6, 5, 1)]


@pytest.mark.parametrize("scale", [1.0, 1e3])
@pytest.mark.parametrize(("N", "d_in", "d_hidden", "K"), SIZES)
def test_loss_and_gradients(
    solution: ModuleType, N: int, d_in: int, d_hidden: int, K: int, scale: float
) -> None:
    """The loss and all gradients are torch's, also where units rest at zero."""
    rng = np.random.default_rng(N)
    x, target = scale * rng.standard_normal((N, d_in)), rng.integers(0, K, N)
    x[::4] = 0
    shapes = ((d_hidden, d_in), (d_hidden,), (K, d_hidden), (K,))
    arrays = [rng.standard_normal(shape) for shape in shapes]
    arrays[1][::2] = 0
    loss, grads = solution.mlp_backward(x, target, *arrays)

    w1, b1, w2, b2 = tensors = [torch.from_numpy(array).requires_grad_() for array in arrays]
    logits = F.linear(F.linear(torch.from_numpy(x), w1, b1).relu(), w2, b2)
    expected = F.cross_entropy(logits, torch.from_numpy(target))
    assert pytest.approx(expected.item(), rel=1e-12) == loss
    assert set(NAMES) == set(grads)
    for name, gradient in zip(NAMES, torch.autograd.grad(expected, tensors), strict=True):
        np.testing.assert_allclose(grads[name], gradient, rtol=1e-9, atol=1e-10)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
