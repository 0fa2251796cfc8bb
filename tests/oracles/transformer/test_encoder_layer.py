"""EncoderLayer agrees with nn.TransformerEncoderLayer."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

NAMES = {"self_attn": "attention", "linear1": "up", "linear2": "down"}
NAMES |= {"norm1": "norm_1", "norm2": "norm_2"}
SIZES = [(2, 5, 12, 3, 7), (1, 1, 8, 4, 3), (4, 3, 10, 1, 16)]


def _pair(solution: ModuleType, d: int, h: int, d_ff: int, pre: bool) -> tuple[nn.Module, ...]:
    """Return the reference and torch's own layer with the same weights, in float64."""
    ours = solution.EncoderLayer(d, h, d_ff, pre_norm=pre).double()
    torchs = nn.TransformerEncoderLayer(
        d, h, d_ff, dropout=0.0, batch_first=True, norm_first=pre, dtype=torch.float64
    )
    weights = {}
    for name, value in torchs.state_dict().items():
        part, rest = name.split(".", 1)
        weights[f"{NAMES[part]}.{rest}"] = value.copy_(torch.randn_like(value) / 2)
    ours.load_state_dict(weights)
    return ours, torchs


def _masks(B: int, T: int) -> tuple[Tensor, Tensor]:
    """Hide at random, but let every query see token 0."""
    mask, padding = torch.rand(T, T) < 0.4, torch.rand(B, T) < 0.4
    mask[:, 0] = padding[:, 0] = False
    return mask, padding


@pytest.mark.parametrize("pre", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("B", "T", "d", "h", "d_ff"), SIZES)
def test_output_and_gradients(
    solution: ModuleType, B: int, T: int, d: int, h: int, d_ff: int, masked: bool, pre: bool
) -> None:
    """Output and every gradient are those of nn.TransformerEncoderLayer."""
    torch.manual_seed(B * T)
    ours, torchs = _pair(solution, d, h, d_ff, pre)
    mask, padding = _masks(B, T) if masked else (None, None)
    x = torch.randn(B, T, d, dtype=torch.float64, requires_grad=True)
    x_too = x.detach().clone().requires_grad_()
    got = ours(x, mask, padding)
    expected = torchs(x_too, src_mask=mask, src_key_padding_mask=padding)
    torch.testing.assert_close(got, expected)

    cotangent = torch.randn_like(expected)
    got.backward(cotangent)
    expected.backward(cotangent)
    torch.testing.assert_close(x.grad, x_too.grad)
    for name, parameter in torchs.named_parameters():
        part, rest = name.split(".", 1)
        mine = ours.get_parameter(f"{NAMES[part]}.{rest}")
        torch.testing.assert_close(mine.grad, parameter.grad)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
