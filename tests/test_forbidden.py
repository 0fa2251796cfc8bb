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


# ------------------------------------------------- what a topic forbids, and lists of all allowed


def _rewritten(suite: Suite, old: str, new: str, topic: str = "basics") -> Suite:
    """Move the kata to another topic and change its grader."""
    for tree in ("katas", "solutions", "graders"):
        path = suite.root / tree / "basics" / "softmax.py"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.unlink(missing_ok=True)
        moved = suite.root / tree / topic / "softmax.py"
        moved.parent.mkdir(parents=True, exist_ok=True)
        assert tree != "graders" or old in text
        moved.write_text(text.replace(old, new), encoding="utf-8")
    return Suite(suite.root)


SDPA = (
    "def softmax(x):\n    e = F.scaled_dot_product_attention(x[None], x[None], x[None])\n"
    "    e = (x - x.amax(-1, keepdim=True)).exp() + 0 * e.sum()\n"
    "    return e / e.sum(-1, keepdim=True)"
)


def test_topic_forbids_what_its_katas_need_not_name(engine: Engine, suite: Suite) -> None:
    moved = _rewritten(suite, 'forbids=("torch.softmax",)', "forbids=()", "attention")
    (entry,) = moved.entries

    result = grade(engine, moved, SDPA)

    assert "torch.nn.MultiheadAttention" in entry.meta.forbids
    assert Verdict.FORBIDDEN == result.verdict
    assert "uses `torch.nn.functional.scaled_dot_product_attention` at line 4" in result.summary


def test_kata_may_allow_what_its_topic_forbids(engine: Engine, suite: Suite) -> None:
    allows = 'allows=("torch.nn.functional.scaled_dot_product_attention",)'
    moved = _rewritten(suite, 'forbids=("torch.softmax",)', allows, "attention")

    assert Verdict.PASSED == grade(engine, moved, SDPA).verdict


def test_kata_that_lists_what_is_allowed_refuses_the_rest(engine: Engine, suite: Suite) -> None:
    only = 'only=("torch.Tensor", "torch.arange")'
    listed = _rewritten(suite, 'forbids=("torch.softmax",)', only)
    honest = "e = (x - x.amax(-1, keepdim=True)).exp()\n    return e / e.sum(-1, keepdim=True)"

    fine = grade(engine, listed, f"def softmax(x):\n    {honest}")
    other = grade(engine, listed, f"def softmax(x):\n    torch.zeros(1)\n    {honest}")

    assert (Verdict.PASSED, ()) == (fine.verdict, fine.doubts)
    assert Verdict.FORBIDDEN == other.verdict
    assert (
        "`torch.zeros` at line 4, where only `torch.Tensor`, `torch.arange` may be" in other.summary
    )


NUMPY = (
    ("import torch\nfrom torch import Tensor\n", "import numpy as np\n"),
    ("torch.zeros(2)\ntensor([0.5000, 0.5000])", "np.zeros(2)\narray([0.5, 0.5])"),
    ("(x: Tensor) -> Tensor", "(x)"),
    ("(x - x.amax(-1, keepdim=True)).exp()", "np.exp(x - x.max(-1, keepdims=True))"),
    ("keepdim=True", "keepdims=True"),
)


@pytest.mark.parametrize(
    ("road", "verdict"),
    [
        ("np.exp(x - x.max(-1, keepdims=True))", Verdict.PASSED),
        ("vars(__import__('tor' + 'ch'))['ex' + 'p'](__import__('tor' + 'ch').tensor(x)).numpy()",
         Verdict.FORBIDDEN),
        ("eval('__im' + 'port__')('tor' + 'ch').tensor(x).exp().numpy()", Verdict.FORBIDDEN),
    ],
)  # fmt: skip
def test_torch_that_runs_unseen_is_recorded_where_only_numpy_is_allowed(
    engine: Engine, make_suite: Make, road: str, verdict: Verdict
) -> None:
    solution = SOLUTION
    for old, new in NUMPY:
        solution = solution.replace(old, new)
    meta = GRADER[: GRADER.index("@case")].replace('="warmup"', '="warmup", only=("numpy",)')
    case = '@case(n=3)\ndef output(kata, draw, n):\n    """matches the equation"""\n'
    suite = make_suite(
        solution,
        f"{meta}{case}    return kata.softmax(draw.numpy.normal(n, n))\n",
        "basics/softmax",
    )
    (entry,) = suite.entries
    entry.stub.write_text(
        f"import numpy as np\ndef softmax(x):\n    e = {road}\n"
        "    return e / e.sum(-1, keepdims=True)\n"
    )

    assert verdict == Grader(engine, suite.root / ".dojo" / "expected").grade(entry).verdict


# ------------------------------------------------------------------ libraries, and idle lines


def test_library_that_does_the_exercise_is_named_with_its_line(
    engine: Engine, suite: Suite
) -> None:
    body = "from scipy.special import softmax as s\ndef softmax(x): return torch.tensor(s(x, -1))"
    result = grade(engine, suite, body)

    assert Verdict.FORBIDDEN == result.verdict
    assert "imports `scipy` at line 3: an answer has Python, NumPy" in result.summary
    assert ("softmax.py:3: from scipy.special import softmax as s",) == result.details


def test_library_that_is_looked_for_in_vain_costs_nothing(engine: Engine, suite: Suite) -> None:
    body = (
        "try:\n    import scipy\nexcept ImportError:\n    scipy = None\n"
        "def softmax(x):\n    assert scipy is None\n"
        "    e = (x - x.amax(-1, keepdim=True)).exp()\n    return e / e.sum(-1, keepdim=True)"
    )
    assert Verdict.PASSED == grade(engine, suite, body).verdict


def test_own_check_against_the_forbidden_function_costs_nothing(
    engine: Engine, suite: Suite
) -> None:
    body = (
        "def softmax(x):\n"
        "    e = (x - x.amax(-1, keepdim=True)).exp()\n    return e / e.sum(-1, keepdim=True)\n"
        "def check(x):\n    assert torch.allclose(softmax(x), torch.softmax(x, -1))\n"
        "if __name__ == '__main__':\n    check(torch.randn(2, 3))\n    import scipy"
    )
    result = grade(engine, suite, body)

    assert (Verdict.PASSED, ()) == (result.verdict, result.doubts)
