"""MixtureOfExperts agrees with a loop over tokens and choices, and with transformers' Mixtral."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

SIZES = [(4, 2, None), (3, 3, None), (5, 1, 2), (4, 2, 3), (6, 4, 2), (2, 1, 1)]


def _by_token(
    layer: nn.Module, tokens: Tensor, k: int, renormalize: bool, capacity: int | None
) -> tuple[Tensor, Tensor]:
    """Send one token after another, with Python's own sort, straight from the definition."""
    p = [torch.softmax(layer.router.weight @ x, 0) for x in tokens]
    choices = [sorted(range(len(q)), key=lambda e, q=q: -float(q[e].detach()))[:k] for q in p]
    seats: dict[int, int] = {}
    y = [torch.zeros_like(x) for x in tokens]
    for rank in range(k):
        for n, x in enumerate(tokens):
            e = choices[n][rank]
            seats[e] = seats.get(e, 0) + 1
            if capacity is None or seats[e] <= capacity:
                total = sum(p[n][c] for c in choices[n]) if renormalize else 1.0
                y[n] = y[n] + p[n][e] / total * layer.experts[e](x)
    n_experts = len(p[0])
    balance = sum(
        n_experts * seats.get(e, 0) / (len(p) * k) * sum(q[e] for q in p) / len(p)
        for e in range(n_experts)
    )
    return torch.stack(y), torch.as_tensor(balance)


@pytest.mark.parametrize("renormalize", [True, False])
@pytest.mark.parametrize(("n_experts", "k", "capacity"), SIZES)
def test_loop(
    solution: ModuleType, n_experts: int, k: int, capacity: int | None, renormalize: bool
) -> None:
    """Output, balance and every gradient are those of the loop."""
    torch.manual_seed(n_experts * k)
    layer = solution.MixtureOfExperts(6, 5, n_experts, k, renormalize, capacity).double()
    x = torch.randn(2, 4, 6, dtype=torch.float64, requires_grad=True)
    got = layer(x)
    expected, balance = _by_token(layer, x.flatten(0, 1), k, renormalize, capacity)
    torch.testing.assert_close(got, (expected.view_as(x), balance))

    cotangents = torch.randn_like(x), torch.tensor(0.7, dtype=torch.float64)
    inputs = [x, *layer.parameters()]
    found = torch.autograd.grad(got, inputs, cotangents, materialize_grads=True)
    outputs = expected.view_as(x), balance
    same = torch.autograd.grad(outputs, inputs, cotangents, materialize_grads=True)
    torch.testing.assert_close(found, same)


@pytest.mark.parametrize(("n_experts", "k"), [(4, 2), (5, 1), (3, 3)])
def test_mixtral(solution: ModuleType, n_experts: int, k: int) -> None:
    """The balance is Mixtral's, which counts top_k choices as that many tokens."""
    torch.manual_seed(k)
    layer = solution.MixtureOfExperts(6, 5, n_experts, k)
    x = torch.randn(3, 7, 6)
    theirs = load_balancing_loss_func((layer.router(x.flatten(0, 1)),), n_experts, k)

    torch.testing.assert_close(k * layer(x)[1], theirs)


def test_an_even_load_has_a_balance_of_one(solution: ModuleType) -> None:
    """Tokens that are spread evenly cost one, tokens that crowd cost more."""
    layer = solution.MixtureOfExperts(4, 3, 4, 1).requires_grad_(False)
    layer.router.weight.copy_(torch.eye(4))
    even, crowd = torch.eye(4), torch.eye(4)[:1].expand(4, 4)

    torch.testing.assert_close(layer(even)[1], torch.tensor(1.0))
    assert layer(crowd)[1] > 1.5


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
