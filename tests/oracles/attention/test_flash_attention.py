"""flash_attention agrees with torch's scaled_dot_product_attention."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

SIZES = [
    (2, 3, 10, 13, 5, 7, 4),
    (1, 1, 1, 1, 3, 2, 8),
    (2, 1, 13, 7, 3, 4, 5),
    (1, 2, 8, 16, 4, 4, 4),
    (3, 2, 6, 6, 2, 5, 1),
    (1, 2, 5, 9, 4, 3, 100),
]


def _inputs(B: int, H: int, Tq: int, Tk: int, d: int, d_v: int) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(B * Tq * Tk)
    shapes = (B, H, Tq, d), (B, H, Tk, d), (B, H, Tk, d_v)
    q, k, v = (torch.randn(shape, dtype=torch.float64) for shape in shapes)
    return q, k, v


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("B", "H", "Tq", "Tk", "d", "d_v", "tile"), SIZES)
def test_output(
    solution: ModuleType,
    B: int,
    H: int,
    Tq: int,
    Tk: int,
    d: int,
    d_v: int,
    tile: int,
    causal: bool,
    padded: bool,
) -> None:
    """The output is torch's, with zeros for a query that sees no key."""
    q, k, v = _inputs(B, H, Tq, Tk, d, d_v)
    visible = torch.ones(B, 1, Tq, Tk, dtype=torch.bool)
    padding = None
    if causal:
        visible = visible.tril(Tk - Tq)
    if padded:
        padding = torch.rand(B, Tk) < 0.5
        padding[0, : Tk // 2 + 1] = True
        visible = visible & ~padding[:, None, None]
    got = solution.flash_attention(q, k, v, tile=tile, causal=causal, padding=padding)

    torch.testing.assert_close(got, scaled_dot_product_attention(q, k, v, attn_mask=visible))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(solution: ModuleType, dtype: torch.dtype) -> None:
    """Half precision is float32 rounded once."""
    q, k, v = (x.to(dtype) for x in _inputs(2, 3, 9, 50, 4, 5))
    expected = scaled_dot_product_attention(q.float(), k.float(), v.float()).to(dtype)

    torch.testing.assert_close(solution.flash_attention(q, k, v, tile=8), expected)


def test_the_tile_does_not_matter(solution: ModuleType) -> None:
    """Every size of tile gives the same, but for rounding."""
    q, k, v = _inputs(1, 2, 11, 17, 4, 3)
    first = solution.flash_attention(q, k, v, tile=1, causal=True)
    for tile in (2, 3, 11, 17, 18):
        torch.testing.assert_close(solution.flash_attention(q, k, v, tile=tile, causal=True), first)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
