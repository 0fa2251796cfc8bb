"""SelfAttention agrees with nn.MultiheadAttention."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

PROJECTIONS = ("q_proj", "k_proj", "v_proj")
SIZES = [(2, 5, 12, 3), (1, 1, 8, 4), (4, 3, 10, 1), (3, 7, 30, 5)]


def _pair(solution: ModuleType, d_model: int, n_heads: int) -> tuple[nn.Module, nn.Module]:
    """Return the reference and torch's own module with the same weights, in float64."""
    ours = solution.SelfAttention(d_model, n_heads).double()
    torchs = nn.MultiheadAttention(d_model, n_heads, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for bias in (ours.q_proj.bias, ours.k_proj.bias, ours.v_proj.bias, ours.out_proj.bias):
            bias.normal_()
        for kind in ("weight", "bias"):
            joined = torch.cat([getattr(getattr(ours, name), kind) for name in PROJECTIONS])
            getattr(torchs, f"in_proj_{kind}").copy_(joined)
            getattr(torchs.out_proj, kind).copy_(getattr(ours.out_proj, kind))
    return ours, torchs


def _some_padding(B: int, T: int) -> Tensor:
    """Pad each row at random but for one token."""
    padding = torch.rand(B, T) < 0.4
    padding[torch.arange(B), torch.randint(T, (B,))] = False
    return padding


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("B", "T", "d_model", "n_heads"), SIZES)
def test_output_and_gradients(
    solution: ModuleType, B: int, T: int, d_model: int, n_heads: int, padded: bool
) -> None:
    """Output and every gradient are those of nn.MultiheadAttention."""
    torch.manual_seed(B * T)
    ours, torchs = _pair(solution, d_model, n_heads)
    x = torch.randn(B, T, d_model, dtype=torch.float64, requires_grad=True)
    x_too = x.detach().clone().requires_grad_()
    mask = _some_padding(B, T) if padded else None
    got = ours(x, mask)
    expected, _ = torchs(x_too, x_too, x_too, key_padding_mask=mask, need_weights=False)
    torch.testing.assert_close(got, expected)

    cotangent = torch.randn_like(expected)
    got.backward(cotangent)
    expected.backward(cotangent)
    torch.testing.assert_close(x.grad, x_too.grad)
    for kind in ("weight", "bias"):
        joined = torch.cat([getattr(getattr(ours, name), kind).grad for name in PROJECTIONS])
        torch.testing.assert_close(joined, getattr(torchs, f"in_proj_{kind}").grad)
        torch.testing.assert_close(
            getattr(ours.out_proj, kind).grad, getattr(torchs.out_proj, kind).grad
        )


def test_all_padding(solution: ModuleType) -> None:
    """A sequence that is all padding gets zero heads, as torch's fused attention gives it."""
    torch.manual_seed(0)
    ours, _ = _pair(solution, 6, 2)
    x = torch.randn(2, 4, 6, dtype=torch.float64, requires_grad=True)
    padding = torch.tensor([[True] * 4, [False, True, False, True]])
    got = ours(x, padding)
    torch.testing.assert_close(got[0], ours.out_proj.bias.expand(4, 6))

    q, k, v = (getattr(ours, name)(x).unflatten(-1, (2, 3)) for name in PROJECTIONS)
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    mask = ~padding[:, None, None, :]
    fused = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    expected = ours.out_proj(fused.transpose(1, 2).flatten(2))
    torch.testing.assert_close(got, expected)
    (gradient,) = torch.autograd.grad(got.sum(), x)
    assert gradient.isfinite().all()


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
