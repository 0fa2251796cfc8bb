"""rotary_embedding agrees with transformers' Llama."""

from __future__ import annotations

import doctest
import math
from types import ModuleType

import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

SIZES = [(2, 3, 5, 8, 0), (1, 1, 1, 2, 4), (3, 2, 7, 10, 11)]


def _llama(q: Tensor, k: Tensor, offset: int, base: float) -> tuple[Tensor, Tensor]:
    """Rotate queries and keys of shape (B, n_heads, T, d_head) the way Llama does."""
    n_heads, T, d_head = q.shape[1:]
    config = LlamaConfig(
        hidden_size=n_heads * d_head,
        num_attention_heads=n_heads,
        head_dim=d_head,
        rope_parameters={"rope_type": "default", "rope_theta": base},
    )
    tables = LlamaRotaryEmbedding(config)
    cos, sin = tables(q, torch.arange(offset, offset + T)[None])
    rotated: tuple[Tensor, Tensor] = apply_rotary_pos_emb(q, k, cos, sin)
    return rotated


@pytest.mark.parametrize("base", [10_000.0, 77.0])
@pytest.mark.parametrize(("B", "n_heads", "T", "d_head", "offset"), SIZES)
def test_llama(
    solution: ModuleType, B: int, n_heads: int, T: int, d_head: int, offset: int, base: float
) -> None:
    """Queries and keys come out as Llama's do, and so do gradients."""
    torch.manual_seed(T)
    q, k = (torch.randn(B, n_heads, T, d_head, requires_grad=True) for _ in range(2))
    for mine, expected in zip((q, k), _llama(q, k, offset, base), strict=True):
        got = solution.rotary_embedding(mine, offset, base)
        torch.testing.assert_close(got, expected)
        cotangent = torch.randn_like(expected)
        (gradient,) = torch.autograd.grad(got, mine, cotangent)
        (same,) = torch.autograd.grad(expected, mine, cotangent, retain_graph=True)
        torch.testing.assert_close(gradient, same)


@pytest.mark.parametrize(("T", "d_head", "offset"), [(1, 2, 0), (4, 6, 1000), (7, 12, 3)])
def test_every_entry(solution: ModuleType, T: int, d_head: int, offset: int) -> None:
    """In double precision each pair is a complex number that is turned."""
    torch.manual_seed(d_head)
    x = torch.randn(T, d_head, dtype=torch.float64)
    got = solution.rotary_embedding(x, offset)
    half = d_head // 2
    for t in range(T):
        for i in range(half):
            angle = (offset + t) * 10_000.0 ** (-2 * i / d_head)
            pair = complex(x[t, i], x[t, i + half]) * complex(math.cos(angle), math.sin(angle))
            assert pair.real == pytest.approx(float(got[t, i]), abs=1e-11)
            assert pair.imag == pytest.approx(float(got[t, i + half]), abs=1e-11)


def test_attention(solution: ModuleType) -> None:
    """Attention is torch's over rotated queries and keys, the queries being the last ones."""
    torch.manual_seed(0)
    x = torch.randn(2, 3, 9, 4)
    v = torch.randn(2, 3, 9, 5)
    q, k = _llama(x, x, 0, 10_000.0)
    expected = torch.nn.functional.scaled_dot_product_attention(q[..., 6:, :], k, v)
    torch.testing.assert_close(solution.rotary_attention(x[..., 6:, :], x, v, offset=6), expected)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
