"""CrossAttention agrees with nn.MultiheadAttention."""

from __future__ import annotations

import doctest
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

PROJECTIONS = ("q_proj", "k_proj", "v_proj")
SIZES = [(2, 5, 7, 12, 10, 3), (1, 1, 1, 8, 3, 4), (4, 3, 6, 10, 10, 1), (3, 7, 2, 30, 8, 5)]


def _weights(ours: nn.Module) -> list[Tensor]:
    return [getattr(ours, name).weight for name in PROJECTIONS]


def _biases(ours: nn.Module) -> list[Tensor]:
    return [getattr(ours, name).bias for name in PROJECTIONS]


def _pair(
    solution: ModuleType, d_model: int, d_memory: int, n_heads: int
) -> tuple[Any, nn.MultiheadAttention]:
    """Return the reference and torch's own module with the same weights, in float64."""
    ours = solution.CrossAttention(d_model, d_memory, n_heads).double()
    torchs = nn.MultiheadAttention(
        d_model, n_heads, kdim=d_memory, vdim=d_memory, batch_first=True, dtype=torch.float64
    )
    weights, biases = _weights(ours), _biases(ours)
    with torch.no_grad():
        for bias in (*biases, ours.out_proj.bias):
            bias.normal_()
        if torchs.in_proj_weight is None:
            for name, weight in zip(PROJECTIONS, weights, strict=True):
                getattr(torchs, f"{name}_weight").copy_(weight)
        else:
            torchs.in_proj_weight.copy_(torch.cat(weights))
        torchs.in_proj_bias.copy_(torch.cat(biases))
        torchs.out_proj.load_state_dict(ours.out_proj.state_dict())
    return ours, torchs


def _some_padding(B: int, S: int) -> Tensor:
    """Pad each row at random but for one token."""
    padding = torch.rand(B, S) < 0.4
    padding[torch.arange(B), torch.randint(S, (B,))] = False
    return padding


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("B", "T", "S", "d_model", "d_memory", "n_heads"), SIZES)
def test_output_and_gradients(
    solution: ModuleType,
    B: int,
    T: int,
    S: int,
    d_model: int,
    d_memory: int,
    n_heads: int,
    padded: bool,
) -> None:
    """The output and the gradients of inputs and weights are those of nn.MultiheadAttention."""
    torch.manual_seed(B * T)
    ours, torchs = _pair(solution, d_model, d_memory, n_heads)
    x = torch.randn(B, T, d_model, dtype=torch.float64, requires_grad=True)
    memory = torch.randn(B, S, d_memory, dtype=torch.float64, requires_grad=True)
    mask = _some_padding(B, S) if padded else None
    got = ours(x, memory, mask)
    expected, _ = torchs(x, memory, memory, key_padding_mask=mask, need_weights=False)
    torch.testing.assert_close(got, expected)

    cotangent = torch.randn_like(expected)
    found = torch.autograd.grad(got, [x, memory, *_weights(ours), *_biases(ours)], cotangent)
    separate = torchs.in_proj_weight is None
    same = [getattr(torchs, f"{name}_weight") for name in PROJECTIONS if separate]
    same += [] if separate else [torchs.in_proj_weight]
    theirs = torch.autograd.grad(expected, [x, memory, *same, torchs.in_proj_bias], cotangent)
    torch.testing.assert_close(found[:2], theirs[:2])
    joined = found[2:5] if separate else (torch.cat(found[2:5]),)
    torch.testing.assert_close(joined, theirs[2:-1])
    torch.testing.assert_close(torch.cat(found[5:]), theirs[-1])


def test_all_padding(solution: ModuleType) -> None:
    """A memory that is all padding gets zero heads, as torch's fused attention gives it."""
    torch.manual_seed(0)
    ours, _ = _pair(solution, 6, 5, 2)
    x = torch.randn(2, 4, 6, dtype=torch.float64, requires_grad=True)
    memory = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    padding = torch.tensor([[True] * 3, [False, True, False]])
    got = ours(x, memory, padding)

    sides = zip(PROJECTIONS, (x, memory, memory), strict=True)
    q, k, v = (getattr(ours, name)(y).unflatten(-1, (2, 3)).transpose(1, 2) for name, y in sides)
    mask = ~padding[:, None, None, :]
    fused = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    torch.testing.assert_close(got, ours.out_proj(fused.transpose(1, 2).flatten(2)))
    for gradient in torch.autograd.grad(got.sum(), (x, memory)):
        assert gradient.isfinite().all()


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
