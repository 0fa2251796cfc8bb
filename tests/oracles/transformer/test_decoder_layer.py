"""DecoderLayer agrees with nn.TransformerDecoderLayer."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

NAMES = {"self_attn": "self_attention", "multihead_attn": "cross_attention"}
NAMES |= {"linear1": "up", "linear2": "down"}
NAMES |= {"norm1": "norm_1", "norm2": "norm_2", "norm3": "norm_3"}
SIZES = [(2, 5, 3, 12, 3, 7), (1, 1, 1, 8, 4, 3), (4, 3, 6, 10, 1, 16)]


def _pair(solution: ModuleType, d: int, h: int, d_ff: int, pre: bool) -> tuple[nn.Module, ...]:
    """Return the reference and torch's own layer with the same weights, in float64."""
    ours = solution.DecoderLayer(d, h, d_ff, pre_norm=pre).double()
    torchs = nn.TransformerDecoderLayer(
        d, h, d_ff, dropout=0.0, batch_first=True, norm_first=pre, dtype=torch.float64
    )
    weights = {}
    for name, value in torchs.state_dict().items():
        part, rest = name.split(".", 1)
        weights[f"{NAMES[part]}.{rest}"] = value.copy_(torch.randn_like(value) / 2)
    ours.load_state_dict(weights)
    return ours, torchs


def _padding(B: int, T: int) -> Tensor:
    """Pad at random, but leave the first token."""
    padding = torch.rand(B, T) < 0.4
    padding[:, 0] = False
    return padding


@pytest.mark.parametrize("pre", [False, True])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("B", "T", "S", "d", "h", "d_ff"), SIZES)
def test_output_and_gradients(
    solution: ModuleType, B: int, T: int, S: int, d: int, h: int, d_ff: int, padded: bool, pre: bool
) -> None:
    """Output and every gradient are those of nn.TransformerDecoderLayer."""
    torch.manual_seed(B * T)
    ours, torchs = _pair(solution, d, h, d_ff, pre)
    padding, memory_padding = (_padding(B, T), _padding(B, S)) if padded else (None, None)
    inputs = [torch.randn(B, n, d, dtype=torch.float64, requires_grad=True) for n in (T, S)]
    same = [t.detach().clone().requires_grad_() for t in inputs]
    got = ours(*inputs, padding, memory_padding)
    expected = torchs(
        *same,
        tgt_mask=torch.arange(T) > torch.arange(T)[:, None],
        tgt_key_padding_mask=padding,
        memory_key_padding_mask=memory_padding,
    )
    torch.testing.assert_close(got, expected)

    cotangent = torch.randn_like(expected)
    got.backward(cotangent)
    expected.backward(cotangent)
    torch.testing.assert_close([t.grad for t in inputs], [t.grad for t in same])
    for name, parameter in torchs.named_parameters():
        part, rest = name.split(".", 1)
        mine = ours.get_parameter(f"{NAMES[part]}.{rest}")
        torch.testing.assert_close(mine.grad, parameter.grad)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
