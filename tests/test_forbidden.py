"""What a kata forbids is found, by name and line, however it is reached; the rest is let be."""

from __future__ import annotations

import pytest
from sample_suite import GRADER, Make

from dojo.engine import Engine
from dojo.grade import Grader
from dojo.suite import Suite
from dojo.verdict import KataResult, Verdict

SOLUTION = '''"""Softmax over the last axis.

>>> softmax(torch.zeros(2))
tensor([0.5000, 0.5000])
"""

import torch
from torch import Tensor


def softmax(x: Tensor) -> Tensor:
    """Return weights that sum to one along the last axis."""
    e = (x - x.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)
    # ✗ return e / e.sum() — The whole tensor sums to one: keep to the last axis.
'''
CASES = '''
@case(n=3, m=4)
@case(n=2, m=5)
def output(kata, draw, n, m):
    """matches the equation"""
    x = draw.normal(n, m).requires_grad_()
    y = kata.softmax(x)
    draw.backward(y)
    return {"y": y, "x": x.grad}
'''


@pytest.fixture
def suite(make_suite: Make) -> Suite:
    meta = GRADER[: GRADER.index("@case")].replace(
        'level="warmup"', 'level="warmup", forbids=("torch.softmax",)'
    )
    return make_suite(SOLUTION, meta + CASES.lstrip(), "basics/softmax")


def grade(engine: Engine, suite: Suite, body: str) -> KataResult:
    (entry,) = suite.entries
    entry.stub.write_text(f"import torch\nimport torch.nn.functional as F\n{body}\n")
    return Grader(engine, suite.root / ".dojo" / "expected").grade(entry)


@pytest.mark.parametrize(
    "body",
    [
        "def softmax(x): return torch.softmax(x, -1)",
        "def softmax(x): return x.softmax(-1)",
        "def softmax(x): return torch.nn.Softmax(-1)(x)",
        "soft = F.softmax\ndef softmax(x): return soft(x, -1)",
        "def softmax(x): return getattr(torch, 'soft' + 'max')(x, -1)",
        "def softmax(x): return torch.ops.aten._softmax(x, -1, False)",
        "def softmax(x): return getattr(torch, 'xamtfos'[::-1])(x, -1)",
        "def softmax(x): return eval('torch.soft' + 'max(x, -1)')",
        "def softmax(x): return torch.func.vmap(torch.Tensor.softmax, in_dims=(0, None))(x, -1)",
        "def softmax(x): return torch.distributions.Categorical(logits=x).probs",
    ],
)
def test_forbidden_call_with_right_numbers_is_forbidden_with_its_line(
    engine: Engine, suite: Suite, body: str
) -> None:
    result = grade(engine, suite, body)

    assert Verdict.FORBIDDEN == result.verdict
    assert {Verdict.FORBIDDEN} == {case.verdict for case in result.cases}
    assert f"line {2 + len(body.splitlines())}" in result.summary or "line 3" in result.summary
    assert "softmax" in result.summary


@pytest.mark.parametrize(
    "body",
    [
        "def softmax(x):\n    '''like torch.softmax'''  # not torch.softmax\n"
        "    e = (x - x.amax(-1, keepdim=True)).exp()\n    return e / e.sum(-1, keepdim=True)",
        "class Layer:\n    def softmax(self, x): return (x - x.logsumexp(-1, keepdim=True)).exp()\n"
        "def softmax(x): return Layer().softmax(x)",
        "def softmax(x):\n    softmax = 'torch.softmax(x, -1)'\n"
        "    m = x.detach().amax(-1, keepdim=True)\n"
        "    return (x - m - (x - m).exp().sum(-1, keepdim=True).log()).exp()",
    ],
)
def test_honest_code_that_only_looks_like_it_passes(
    engine: Engine, suite: Suite, body: str
) -> None:
    assert Verdict.PASSED == grade(engine, suite, body).verdict


def test_road_whose_end_is_not_in_sight_is_marked_and_not_failed(
    engine: Engine, suite: Suite
) -> None:
    body = (
        "def softmax(x):\n    e = (x - x.amax(-1, keepdim=True)).exp()\n"
        "    return eval('e / e.sum(-1, keepdim=True)')"
    )
    result = grade(engine, suite, body)

    assert Verdict.PASSED == result.verdict
    assert any("eval" in doubt for doubt in result.doubts)
