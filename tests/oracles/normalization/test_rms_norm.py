"""RMSNorm agrees with F.rms_norm."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch.nn import functional as F


@pytest.mark.parametrize("eps", [1e-6, 0.3])
@pytest.mark.parametrize("shape", [(2, 5, 12), (7,), (1, 1), (2, 3, 1, 4)])
def test_output_and_gradients(solution: ModuleType, shape: tuple[int, ...], eps: float) -> None:
    """Output and every gradient are those of F.rms_norm."""
    torch.manual_seed(len(shape))
    layer = solution.RMSNorm(shape[-1], eps).double()
    torch.nn.init.normal_(layer.weight)
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    expected, got = F.rms_norm(x, shape[-1:], layer.weight, eps), layer(x)
    torch.testing.assert_close(got, expected)
    cotangent, inputs = torch.randn_like(got), (x, layer.weight)
    torch.testing.assert_close(
        torch.autograd.grad(got, inputs, cotangent),
        torch.autograd.grad(expected, inputs, cotangent),
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(solution: ModuleType, dtype: torch.dtype) -> None:
    """Half precision is that of float32 but for the last rounding."""
    torch.manual_seed(0)
    x = (600 * torch.randn(4, 30)).to(dtype)
    expected = F.rms_norm(x.float(), (30,), eps=1e-6).to(dtype)
    torch.testing.assert_close(solution.RMSNorm(30).to(dtype)(x), expected)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
