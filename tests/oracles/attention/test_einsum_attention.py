"""einsum_attention agrees with torch's scaled_dot_product_attention."""

from __future__ import annotations

import doctest
import math
from types import ModuleType

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

SIZES = [((), 4, 6, 5, 3), ((3,), 2, 5, 8, 7), ((2, 4, 3), 3, 5, 6, 1), ((1,), 1, 1, 1, 2)]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("batch", "T", "S", "d", "d_v"), SIZES)
def test_output_and_gradients(
    solution: ModuleType, batch: tuple[int, ...], T: int, S: int, d: int, d_v: int, masked: bool
) -> None:
    """The output and every gradient, that of the mask included, are torch's."""
    torch.manual_seed(T * S)
    inputs = [torch.randn(*batch, *shape).double() for shape in ((T, d), (S, d), (S, d_v))]
    if masked:
        hidden = (torch.rand(T, S) < 0.3) & (torch.arange(S) > 0)
        inputs.append(torch.randn(T, S).double().masked_fill(hidden, -math.inf))
    inputs = [x.requires_grad_() for x in inputs]
    got = solution.einsum_attention(*inputs)
    mask = inputs[3] if masked else None
    expected = scaled_dot_product_attention(inputs[0], inputs[1], inputs[2], attn_mask=mask)
    torch.testing.assert_close(got, expected)
    cotangent = torch.randn_like(expected)
    ours = torch.autograd.grad(got, inputs, cotangent)
    theirs = torch.autograd.grad(expected, inputs, cotangent)
    torch.testing.assert_close(ours, theirs)


def test_nothing_to_see(solution: ModuleType) -> None:
    """A query that may look at nothing gets what torch gives it: zeros."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True) for _ in range(3))
    mask = torch.zeros(4, 4, dtype=torch.float64)
    mask[1] = -math.inf
    got = solution.einsum_attention(q, k, v, mask)
    boolean = scaled_dot_product_attention(q, k, v, attn_mask=mask == 0)
    torch.testing.assert_close(got, boolean)
    for gradient in torch.autograd.grad(got.sum(), (q, k, v)):
        assert gradient.isfinite().all()


def test_examples(solution: ModuleType) -> None:
    """The docstring's examples run and give what they say."""
    failed, attempted = doctest.testmod(solution)
    assert 0 == failed
    assert attempted > 0
