"""The masks are what a loop over queries and keys makes of their definitions."""

from __future__ import annotations

import doctest
import math
from types import ModuleType

import pytest
import torch
from torch import Tensor


@pytest.mark.parametrize(("T", "S"), [(1, 1), (5, 5), (3, 8), (1, 4)])
def test_causal(solution: ModuleType, T: int, S: int) -> None:
    """Query t stands at position S − T + t and looks at no later one."""
    expected = [[s <= S - T + t for s in range(S)] for t in range(T)]
    assert expected == solution.causal_mask(T, S).tolist()


@pytest.mark.parametrize("S", [1, 4, 9])
def test_padding(solution: ModuleType, S: int) -> None:
    """Exactly the first keys, as many as the length, may be looked at."""
    expected = [[[True] * n + [False] * (S - n)] for n in range(S + 1)]
    assert expected == solution.padding_mask(torch.arange(S + 1), S).tolist()


@pytest.mark.parametrize("T", [1, 4, 7])
def test_prefix(solution: ModuleType, T: int) -> None:
    """Pairs inside the prefix see each other, all others look back."""
    expected = [
        [[(q < n and k < n) or k <= q for k in range(T)] for q in range(T)] for n in range(T + 1)
    ]
    assert expected == solution.prefix_mask(torch.arange(T + 1), T).tolist()


@pytest.mark.parametrize("S", [1, 4, 6])
def test_spans(solution: ModuleType, S: int) -> None:
    """A key may be looked at if it is in the range of its query's span."""
    bounds = torch.cartesian_prod(torch.arange(-2, S + 3), torch.arange(-2, S + 3))
    expected = [[key in range(start, end) for key in range(S)] for start, end in bounds.tolist()]
    assert expected == solution.span_mask(bounds[:, 0], bounds[:, 1], S).tolist()


def _softmax(scores: list[float], seen: list[bool]) -> list[float]:
    shown = [score for score, is_seen in zip(scores, seen, strict=True) if is_seen]
    if not shown:
        return [0.0] * len(scores)
    total = math.fsum(math.exp(score - max(shown)) for score in shown)
    return [
        math.exp(score - max(shown)) / total if is_seen else 0.0
        for score, is_seen in zip(scores, seen, strict=True)
    ]


@pytest.mark.parametrize(("T", "S"), [(1, 1), (6, 4), (5, 9)])
def test_softmax(solution: ModuleType, T: int, S: int) -> None:
    """Each row is the softmax over the keys that both masks show, or zero."""
    torch.manual_seed(T)
    scores = 3 * torch.randn(T, S, dtype=torch.float64)
    rows, columns = torch.rand(T, S) < 0.6, torch.rand(S) < 0.7
    rows[0] = False
    both = (rows & columns).tolist()
    expected = [_softmax(*row) for row in zip(scores.tolist(), both, strict=True)]
    weights = solution.masked_softmax(scores, rows, columns)
    torch.testing.assert_close(weights, torch.tensor(expected, dtype=torch.float64))


def test_gradient(solution: ModuleType) -> None:
    """The gradient is that of finite differences, where a row is empty too."""
    torch.manual_seed(0)
    scores = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    seen = (torch.rand(4, 5) < 0.6) & (torch.arange(4) != 2)[:, None]

    def weights(x: Tensor) -> Tensor:
        result: Tensor = solution.masked_softmax(x, seen)
        return result

    assert torch.autograd.gradcheck(weights, (scores,))


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
