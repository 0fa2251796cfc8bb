"""AdditiveAttention is what a loop over queries and keys makes of the equation."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

SIZES = [(2, 5, 7, 4, 6, 9), (3, 4, 4, 6, 6, 6), (1, 1, 1, 2, 3, 1), (2, 1, 3, 5, 4, 6)]


def _loop(
    layer: nn.Module, queries: Tensor, keys: Tensor, padding: Tensor
) -> tuple[Tensor, Tensor]:
    """Score one query against one key at a time, among the keys that are real."""
    W, U, v = (layer.get_parameter(f"{name}.weight") for name in "WUv")
    weights = []
    for b, sequence in enumerate(queries):
        real = (~padding[b]).nonzero()[:, 0].tolist()
        for query in sequence:
            row = 0.0 * query.sum() * queries.new_ones(keys.shape[1])  # part of the graph, if empty
            if real:
                scores = [v[0] @ torch.tanh(W @ query + U @ keys[b, s]) for s in real]
                powers = torch.stack([score.exp() for score in scores])
                row = row.index_put((torch.tensor(real),), powers / powers.sum())
            weights.append(row)
    found = torch.stack(weights).reshape(*queries.shape[:2], -1)
    return torch.einsum("bts,bsd->btd", found, keys), found


@pytest.mark.parametrize("p", [0.0, 0.5])
@pytest.mark.parametrize(("B", "T", "S", "d_query", "d_key", "d_hidden"), SIZES)
def test_results_and_gradients(
    solution: ModuleType, B: int, T: int, S: int, d_query: int, d_key: int, d_hidden: int, p: float
) -> None:
    """Context, weights and every gradient are those of the loop."""
    torch.manual_seed(S)
    layer = solution.AdditiveAttention(d_query, d_key, d_hidden).double()
    queries = torch.randn(B, T, d_query, dtype=torch.float64, requires_grad=True)
    keys = torch.randn(B, S, d_key, dtype=torch.float64, requires_grad=True)
    padding = torch.rand(B, S) < p
    padding[-1] = p > 0
    got = layer(queries, keys, padding if p else None)
    expected = _loop(layer, queries, keys, padding)
    torch.testing.assert_close(got, expected)

    cotangents = [torch.randn_like(result) for result in expected]
    leaves = [queries, keys, *layer.parameters()]
    how = {"allow_unused": True, "materialize_grads": True}
    ours = torch.autograd.grad(got, leaves, cotangents, **how)
    theirs = torch.autograd.grad(expected, leaves, cotangents, **how)
    torch.testing.assert_close(ours, theirs)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
