"""Value agrees with torch's autograd."""

from __future__ import annotations

import doctest
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch

OPERATIONS: tuple[Callable[[Any, Any], Any], ...] = (
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (b * b + 1),
    lambda a, b: 2 / (a * a + 1.5) - b,
    lambda a, b: 3 - a + b**2,
    lambda a, b: (a / 10).exp() * 0.5 + b,
    lambda a, b: a.tanh() * b,
    lambda a, b: a.relu() - 0.5 * b.relu(),
    lambda a, b: a**3 / 50 - -b,
)


def _run(inputs: list[Any], seed: int) -> tuple[list[Any], Any]:
    """Let a random program work on earlier results; return all of them and their sum."""
    rng = random.Random(seed)
    values = list(inputs)
    for _ in range(12):
        result = rng.choice(OPERATIONS)(*rng.choices(values, k=2))
        values.append(result.tanh() * 2 if rng.random() < 0.5 else result / 3)
    return values, sum(value.tanh() for value in values)


@pytest.mark.parametrize("seed", range(30))
def test_random_programs(solution: ModuleType, seed: int) -> None:
    """Every value and every gradient, also of what lies in between, is torch's."""
    numbers = [random.Random(seed).uniform(-2, 2) for _ in range(3)]
    ours, result = _run([solution.Value(number) for number in numbers], seed)
    tensors = [torch.tensor(number, dtype=torch.float64).requires_grad_() for number in numbers]
    torchs, expected = _run(tensors, seed)
    gradients = torch.autograd.grad(expected, torchs)
    result.backward()
    assert pytest.approx(expected.item()) == result.data
    for value, tensor, gradient in zip(ours, torchs, gradients, strict=True):
        assert pytest.approx(tensor.item()) == value.data
        assert pytest.approx(gradient.item()) == value.grad


def test_edges(solution: ModuleType) -> None:
    """At zero, relu and the power 0 have torch's slopes."""
    for function in (lambda v: v.relu(), lambda v: v**0, lambda v: v**1):
        ours, tensor = solution.Value(0.0), torch.zeros((), requires_grad=True)
        function(ours).backward()
        function(tensor).backward()
        assert tensor.grad is not None
        assert tensor.grad.item() == ours.grad


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
