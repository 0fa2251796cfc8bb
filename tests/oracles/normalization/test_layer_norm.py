"""LayerNorm agrees with F.layer_norm."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch.nn import functional as F

SIZES = [((2, 5), (12,)), ((), (3,)), ((4,), (2, 7)), ((1, 1), (1,)), ((2, 1, 3), (2, 3, 4))]


@pytest.mark.parametrize("eps", [1e-5, 0.3])
@pytest.mark.parametrize(("outer", "inner"), SIZES)
def test_output_and_gradients(
    solution: ModuleType, outer: tuple[int, ...], inner: tuple[int, ...], eps: float
) -> None:
    """Output and every gradient are those of F.layer_norm."""
    torch.manual_seed(len(outer))
    layer = solution.LayerNorm(inner, eps).double()
    torch.nn.init.normal_(layer.weight)
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(*outer, *inner, dtype=torch.float64, requires_grad=True)
    inputs = (x, layer.weight, layer.bias)
    expected = F.layer_norm(x, inner, layer.weight, layer.bias, eps)
    got = layer(x)
    torch.testing.assert_close(got, expected)
    cotangent = torch.randn_like(got)
    torch.testing.assert_close(
        torch.autograd.grad(got, inputs, cotangent),
        torch.autograd.grad(expected, inputs, cotangent),
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(solution: ModuleType, dtype: torch.dtype) -> None:
    """Half precision is as good as torch's, even where squares overflow."""
    torch.manual_seed(0)
    layer = solution.LayerNorm((30,)).to(dtype)
    x = (600 * torch.randn(4, 30)).to(dtype)
    expected = F.layer_norm(x, (30,), layer.weight, layer.bias)
    torch.testing.assert_close(layer(x), expected)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
