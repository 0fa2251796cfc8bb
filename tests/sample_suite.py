"""A small kata, for tests that need one which is no real kata."""

from __future__ import annotations

from collections.abc import Callable

from dojo.suite import Suite

__all__ = ["GRADER", "README", "SOLUTION", "Make"]

Make = Callable[..., Suite]
"""How the fixture `make_suite` is called."""

SOLUTION = '''"""Scaled sum.

Return scale · (x + y).

>>> scaled_sum(torch.tensor([1.0]), torch.tensor([2.0]), scale=2.0)
tensor([6.])
"""

import torch
from torch import Tensor


def scaled_sum(x: Tensor, y: Tensor, scale: float = 1.0) -> Tensor:
    """Return a tensor of the shape and dtype of `x`; raise ValueError for a scale of zero."""
    if scale == 0:
        raise ValueError("a scale of zero loses everything")
        # ✗ pass — Nothing refuses a scale of zero: check it first.
    total = x + y
    # ✗ total = x - y — The second term is subtracted: add it.
    return total * scale
    # ✗ return total — The scale is left out: multiply by it.
    # ✗ return total.float() * scale — The precision is lost: keep the dtype of the input.
'''

GRADER = '''"""What scaled_sum must do."""

from dojo import Kata, case

kata = Kata(
    minutes=5,
    level="warmup",
    asked="Add and scale.",
    asked_zh="相加再缩放。",
    hints=("Add.", "Then scale.", "Check the scale first."),
    follow_ups={"What does it cost?": "One pass."},
    source="Arithmetic",
)


@case(n=3, m=4, scale=2.5)
@case(n=1, m=1, scale=0.5)
def output(kata, draw, n, m, scale):
    """matches the equation"""
    return kata.scaled_sum(draw.normal(n, m), draw.normal(n, m), scale=scale)


@case(n=5)
def float64(kata, draw, n):
    """keeps double precision"""
    x = draw.normal(n, dtype="float64")
    return kata.scaled_sum(x, draw.normal(n, dtype="float64"), scale=3.0)


@case(n=2, raises=ValueError)
def zero(kata, draw, n):
    """refuses a scale of zero"""
    kata.scaled_sum(draw.normal(n), draw.normal(n), scale=0.0)
'''

README = "# A suite\n\n<!-- catalogue -->\n<!-- /catalogue -->\n"
