"""parameter_count agrees with the modules of torch.nn, built on the meta device."""

from __future__ import annotations

import doctest
from itertools import product
from types import ModuleType

import pytest
from torch import nn

SIZES = [(11, 12, 3, 17), (7, 1, 1, 1), (32000, 4096, 32, 11008)]
STACKS = [(2, 3), (0, 2), (3, 0), (0, 0), (1, 1)]


def _modules(sizes: tuple[int, ...], n: int, m: int, bias: bool, tied: bool) -> nn.ModuleList:
    """Return everything that trains."""
    vocab, d, n_heads, d_ff = sizes
    kinds = {"bias": bias, "device": "meta"}
    encoder = nn.TransformerEncoderLayer(d, n_heads, d_ff, **kinds)
    decoder = nn.TransformerDecoderLayer(d, n_heads, d_ff, **kinds) if n else encoder
    found = nn.ModuleList([nn.Embedding(vocab, d, device="meta")])
    for layer, count in ((encoder, n), (decoder, m)):
        if count:
            found.append(
                nn.ModuleList([type(layer)(d, n_heads, d_ff, **kinds) for _ in range(count)])
            )
            found.append(nn.LayerNorm(d, **kinds))
    head = nn.Linear(d, vocab, bias=False, device="meta")
    if tied:
        head.weight = found[0].weight
    found.append(head)
    return found


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("bias", "tied"), list(product([True, False], repeat=2)))
def test_count(solution: ModuleType, sizes: tuple[int, ...], bias: bool, tied: bool) -> None:
    """The count is that of torch's modules, for every mix of stacks."""
    for n, m in STACKS:
        modules = _modules(sizes, n, m, bias, tied)
        expected = sum(parameter.numel() for parameter in modules.parameters())
        assert expected == solution.parameter_count(*sizes, n, m, bias, tied)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
