"""ResidualStack agrees with nn.TransformerEncoder, wrapped around the same sublayers."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """The self-attention of a layer of torch's."""

    def __init__(self, layer: nn.TransformerEncoderLayer) -> None:
        super().__init__()
        self.inner = layer.self_attn

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.inner(x, x, x, need_weights=False)[0]
        return out


def _encoder(d: int, n: int, pre_norm: bool) -> nn.TransformerEncoder:
    """Return torch's encoder in float64, with random norms."""
    layer = nn.TransformerEncoderLayer(
        d, 2, 7, dropout=0.0, batch_first=True, norm_first=pre_norm, dtype=torch.float64
    )
    norm = nn.LayerNorm(d, dtype=torch.float64) if pre_norm else None
    encoder = nn.TransformerEncoder(layer, n, norm, enable_nested_tensor=False)
    for parameter in encoder.parameters():
        nn.init.normal_(parameter, std=0.5)
    return encoder


def _ours(
    solution: ModuleType, encoder: nn.TransformerEncoder, d: int, pre_norm: bool
) -> nn.Module:
    """Return the reference around the encoder's own attention and feed-forward networks."""
    sublayers: list[nn.Module] = []
    norms: list[nn.Module] = []
    for layer in encoder.layers:
        feed = nn.Sequential(layer.linear1, nn.ReLU(), layer.linear2)
        sublayers += [Attention(layer), feed]
        norms += [layer.norm1, layer.norm2]
    stack = solution.ResidualStack(sublayers, d, pre_norm).double()
    for block, norm in zip(stack.blocks, norms, strict=True):
        block.norm.load_state_dict(norm.state_dict())
    if pre_norm:
        stack.final_norm.load_state_dict(encoder.norm.state_dict())
    return stack


@pytest.mark.parametrize("pre_norm", [True, False])
@pytest.mark.parametrize(("B", "T", "d", "n"), [(2, 5, 6, 2), (1, 1, 4, 1), (3, 2, 8, 3)])
def test_output_and_gradient(
    solution: ModuleType, B: int, T: int, d: int, n: int, pre_norm: bool
) -> None:
    """Output and gradients of input and norms are those of nn.TransformerEncoder."""
    torch.manual_seed(n)
    encoder = _encoder(d, n, pre_norm)
    ours = _ours(solution, encoder, d, pre_norm)
    x = torch.randn(B, T, d, dtype=torch.float64, requires_grad=True)
    got, expected = ours(x), encoder(x)
    torch.testing.assert_close(got, expected)
    cotangent = torch.randn_like(x)
    torch.testing.assert_close(
        torch.autograd.grad(got, (x, ours.blocks[0].norm.weight), cotangent),
        torch.autograd.grad(expected, (x, encoder.layers[0].norm1.weight), cotangent),
    )


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
