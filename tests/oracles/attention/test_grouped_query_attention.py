"""Grouped-query attention agrees with torch's fused attention, told that heads are grouped."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear, scaled_dot_product_attention

SIZES = [
    (2, 6, 3, 4, 5, 7),
    (1, 1, 1, 1, 1, 4),
    (3, 8, 2, 5, 3, 6),
    (2, 4, 4, 3, 7, 2),
    (2, 5, 1, 4, 4, 3),
]


def _inputs(B: int, H: int, K: int, T: int, S: int, d: int) -> list[Tensor]:
    shapes = (B, H, T, d), (B, K, S, d), (B, K, S, d)
    return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("B", "H", "K", "T", "S", "d"), SIZES)
def test_core_and_gradients(
    solution: ModuleType, B: int, H: int, K: int, T: int, S: int, d: int, masked: bool
) -> None:
    """The output and all gradients are those of torch's attention, blind queries included."""
    torch.manual_seed(B * T)
    inputs = _inputs(B, H, K, T, S, d)
    mask = torch.rand(B, T, S) < 0.5 if masked else None
    if mask is not None:
        mask[0, 0] = False
    got = solution.grouped_attention(*inputs, mask)
    wide = None if mask is None else mask[:, None]
    expected = scaled_dot_product_attention(*inputs, attn_mask=wide, enable_gqa=True)
    torch.testing.assert_close(got, expected)

    cotangent = torch.randn_like(expected)
    found = torch.autograd.grad(got, inputs, cotangent)
    torch.testing.assert_close(found, torch.autograd.grad(expected, inputs, cotangent))


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("d_model", "n_heads", "n_kv_heads"), [(12, 6, 2), (20, 4, 1), (6, 2, 2)])
def test_layer(
    solution: ModuleType, d_model: int, n_heads: int, n_kv_heads: int, padded: bool
) -> None:
    """The layer is torch's attention between its projections, causal and blind to padding."""
    torch.manual_seed(d_model)
    layer = solution.GroupedQueryAttention(d_model, n_heads, n_kv_heads).double()
    x = torch.randn(3, 5, d_model, dtype=torch.float64)
    padding = torch.rand(3, 5) < 0.4 if padded else torch.zeros(3, 5, dtype=torch.bool)
    q, k, v = (
        linear(x, layer.get_parameter(f"{name}_proj.weight")).view(3, 5, n, -1).transpose(1, 2)
        for name, n in (("q", n_heads), ("k", n_kv_heads), ("v", n_kv_heads))
    )
    mask = torch.ones(5, 5).tril().bool() & ~padding[:, None, None]
    heads = scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
    expected = linear(heads.transpose(1, 2).flatten(2), layer.get_parameter("out_proj.weight"))

    torch.testing.assert_close(layer(x, padding if padded else None), expected)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
