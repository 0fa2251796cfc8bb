"""The stand-ins for SymPy and symbolic shapes: right on plain sizes, and out of the way else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dojo.engine import Engine
from dojo.wire import Job, decode, encode

SETUP = "import sys; from dojo import plain_shapes, warm; warm.warm_up(); import torch"

ON_PLAIN_SIZES = """
import importlib, itertools
names = [name for name in vars(sys.modules[plain_shapes.SHAPES]) if not name.startswith("__")]
ours = {name: getattr(sys.modules[plain_shapes.SHAPES], name) for name in names}
theirs = importlib.import_module(plain_shapes.SHAPES)
asked = [True, False, 0, 1, 7, (2, 3), (2, 4), (2,), [2, 3], torch.Size([2, 3]), torch.Size([])]
def of(function, arguments):
    try:
        return repr(function(*arguments))
    except Exception as error:
        return type(error).__name__
stood_in = ours["sym_eq"]((2, 3), torch.Size([2, 3]))
theirs.ShapeEnv  # now the real module is there
theirs = sys.modules[plain_shapes.SHAPES]
assert all(getattr(theirs, name) is not ours[name] for name in names)
for name in names:
    for n in (1, 2):
        for arguments in itertools.product(asked, repeat=n):
            expected, actual = of(getattr(theirs, name), arguments), of(ours[name], arguments)
            assert expected == actual, (name, arguments, expected, actual)
"""

WITHOUT_SYMPY = """
x = torch.ones(3, 4, device="meta")
(torch.softmax(x + x, -1) @ x.mT).sum()
y = torch.ones(3, requires_grad=True)
(2 * y).backward(torch.ones(3))
assert "sympy.core" not in sys.modules
"""

WITH_SYMPY = """
import sympy
assert sympy.Basic is not None and "sympy.core" not in sys.modules
assert str(sympy.Symbol("x") + 1) == "x + 1"
from sympy.core import Basic
assert sys.modules["sympy"].Basic is Basic
from torch.fx.experimental.symbolic_shapes import ShapeEnv
assert ShapeEnv().__class__.__module__ == plain_shapes.SHAPES
"""


@pytest.mark.parametrize("text", [ON_PLAIN_SIZES, WITHOUT_SYMPY, WITH_SYMPY])
def test_stand_in_keeps_its_word(text: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", f"{SETUP}\n{text}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "" == done.stderr
    assert 0 == done.returncode


def test_child_that_meets_the_meta_device_needs_no_sympy(engine: Engine) -> None:
    cases = """
import sys, torch
def meta(kata, draw):
    x = draw.meta.normal(2, 3)
    y = torch.nn.functional.layer_norm(x, (3,)) + kata.f(x)
    return ["sympy.core" in sys.modules, list(y.shape)]
"""
    empty = encode({})
    job = Job("def f(x):\n    return 2 * x\n", "a.py", cases, (("seed", "meta", empty),))  # type: ignore[arg-type]
    ended = engine.run(job, [60.0]).ended[0]
    assert [False, [2, 3]] == decode(ended.value)  # type: ignore[union-attr]
