"""sinusoidal_encoding is what a loop over positions and columns makes of the equation."""

from __future__ import annotations

import doctest
import math
from types import ModuleType

import pytest
import torch


def _entry(t: int, column: int, d_model: int, base: float) -> float:
    angle = t / base ** (2 * (column // 2) / d_model)
    return math.cos(angle) if column % 2 else math.sin(angle)


@pytest.mark.parametrize("base", [10_000.0, 20.0])
@pytest.mark.parametrize(("T", "d_model"), [(0, 3), (1, 1), (6, 8), (5, 7), (40, 64)])
def test_every_entry(solution: ModuleType, T: int, d_model: int, base: float) -> None:
    """Each entry is its sine or cosine."""
    rows = [[_entry(t, column, d_model, base) for column in range(d_model)] for t in range(T)]
    expected = torch.tensor(rows, dtype=torch.float32).reshape(T, d_model)
    torch.testing.assert_close(solution.sinusoidal_encoding(T, d_model, base), expected)


def test_far_positions(solution: ModuleType) -> None:
    """Single precision is used up by the result alone, half a million positions away."""
    encoding = solution.sinusoidal_encoding(500_001, 5)
    for t in (99_999, 500_000):
        expected = torch.tensor([_entry(t, column, 5, 10_000.0) for column in range(5)])
        torch.testing.assert_close(encoding[t], expected, atol=1e-7, rtol=0)


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
