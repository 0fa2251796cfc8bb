"""LoRALinear agrees with peft's LoRA layer."""

from __future__ import annotations

import copy
import doctest
from types import ModuleType

import pytest
import torch
from peft import LoraConfig
from peft.tuners import lora
from torch import nn

SIZES = [(6, 4, 3, 5.0, True), (5, 7, 2, 0.5, False), (3, 2, 5, 8.0, True), (4, 4, 1, 2.0, False)]
ADAPTER = "default"


def _pair(
    solution: ModuleType, n_in: int, n_out: int, rank: int, alpha: float, bias: bool
) -> tuple[nn.Module, nn.Module]:
    """Return the reference and peft's layer with the same weights, in float64."""
    base = nn.Linear(n_in, n_out, bias=bias, dtype=torch.float64)
    ours = solution.LoRALinear(copy.deepcopy(base), rank, alpha, dropout=0.3)
    config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=0.3)
    theirs = lora.Linear(base, ADAPTER, config, r=rank, lora_alpha=alpha)
    theirs.double()
    with torch.no_grad():
        ours.lora_A.normal_()
        ours.lora_B.normal_()
        theirs.lora_A[ADAPTER].weight.copy_(ours.lora_A)
        theirs.lora_B[ADAPTER].weight.copy_(ours.lora_B)
    return ours, theirs


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("n_in", "n_out", "rank", "alpha", "bias"), SIZES)
def test_output_and_gradients(
    solution: ModuleType,
    n_in: int,
    n_out: int,
    rank: int,
    alpha: float,
    bias: bool,
    training: bool,
) -> None:
    """Output and gradients are peft's, in training with the same dropout mask."""
    torch.manual_seed(n_in * n_out)
    ours, theirs = (
        layer.train(training) for layer in _pair(solution, n_in, n_out, rank, alpha, bias)
    )
    x = torch.randn(3, 2, n_in, dtype=torch.float64, requires_grad=True)
    x_too = x.detach().clone().requires_grad_()
    torch.manual_seed(1)
    got = ours(x)
    torch.manual_seed(1)
    expected = theirs(x_too)
    torch.testing.assert_close(got, expected)

    cotangent = torch.randn_like(expected)
    got.backward(cotangent)
    expected.backward(cotangent)
    torch.testing.assert_close(x.grad, x_too.grad)
    torch.testing.assert_close(ours.lora_A.grad, theirs.lora_A[ADAPTER].weight.grad)
    torch.testing.assert_close(ours.lora_B.grad, theirs.lora_B[ADAPTER].weight.grad)
    assert ours.base.weight.grad is None


@pytest.mark.parametrize(("n_in", "n_out", "rank", "alpha", "bias"), SIZES)
def test_merging(
    solution: ModuleType, n_in: int, n_out: int, rank: int, alpha: float, bias: bool
) -> None:
    """The merged and the restored weight are peft's."""
    torch.manual_seed(rank)
    ours, theirs = _pair(solution, n_in, n_out, rank, alpha, bias)
    x = torch.randn(4, n_in, dtype=torch.float64)
    before = ours.base.weight.clone()
    for change in ("merge", "unmerge"):
        getattr(ours, change)()
        getattr(theirs, change)()
        torch.testing.assert_close(ours.base.weight, theirs.base_layer.weight)
        torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))
    torch.testing.assert_close(ours.base.weight, before)


def test_start(solution: ModuleType) -> None:
    """As in peft, B starts at zero and A does not."""
    base = nn.Linear(6, 4)
    ours = solution.LoRALinear(base, 3, 1.0)
    assert 0 == ours.lora_B.count_nonzero()
    assert ours.lora_A.numel() == ours.lora_A.count_nonzero()


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
