"""A learner's file always gets a verdict, in words that say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_suite import GRADER, SOLUTION, Make

from dojo.engine import Engine
from dojo.grade import Grader
from dojo.mistakes import find_mistakes, reference
from dojo.suite import Suite
from dojo.verdict import KataResult, Verdict

RIGHT = reference(SOLUTION)


def grade(engine: Engine, suite: Suite, source: str | bytes) -> KataResult:
    (entry,) = suite.entries
    entry.stub.write_bytes(source if isinstance(source, bytes) else source.encode())
    before = entry.stub.read_bytes()
    result = Grader(engine, suite.root / ".dojo" / "expected").grade(entry)
    assert before == entry.stub.read_bytes()
    return result


@pytest.fixture
def suite(make_suite: Make) -> Suite:
    return make_suite()


def test_solution_passes(engine: Engine, suite: Suite) -> None:
    result = grade(engine, suite, RIGHT)

    assert Verdict.PASSED == result.verdict
    assert 4 == result.n_passed == len(result.cases)


@pytest.mark.parametrize(
    "style",
    [
        "import torch\ndef scaled_sum(x, y, scale=1.0):\n"
        "    if not scale: raise ValueError\n    return scale * y + scale * x\n",
        "import torch\ndef helper(a, b): return torch.stack([a, b])\n"
        "def scaled_sum(x, y, scale=1.0):\n    if scale == 0: raise ValueError('no')\n"
        "    return torch.einsum('i...->...', helper(x, y).double()).mul(scale).to(x.dtype)\n",
        "import numpy as np, torch\nclass Zero(ValueError): pass\n"
        "def scaled_sum(x, y, scale=1.0):\n    if scale == 0: raise Zero\n"
        "    return torch.from_numpy(np.add(x.numpy(), y.numpy()) * np.float32(scale)).to(x)\n",
    ],
)
def test_right_answer_passes_in_any_style(engine: Engine, suite: Suite, style: str) -> None:
    assert Verdict.PASSED == grade(engine, suite, style).verdict


@pytest.mark.parametrize("index", range(4))
def test_declared_mistake_comes_back_as_itself(engine: Engine, suite: Suite, index: int) -> None:
    mistake = find_mistakes(SOLUTION)[index]

    result = grade(engine, suite, mistake.source)

    assert mistake.why in {case.why for case in result.cases}


def test_stub_is_not_started(engine: Engine, suite: Suite) -> None:
    (entry,) = suite.entries

    result = grade(engine, suite, entry.stub.read_bytes())

    assert Verdict.NOT_STARTED == result.verdict


def test_reformatted_stub_is_not_started_either(engine: Engine, suite: Suite) -> None:
    (entry,) = suite.entries

    result = grade(engine, suite, entry.stub.read_text() + "\n# my notes\n")

    assert Verdict.NOT_STARTED == result.verdict


@pytest.mark.parametrize(
    ("source", "summary"),
    [
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("def scaled_sum(x, y:\n    pass\n", "does not parse: '(' was never closed, line 1"),
        ("x = 1\n  y = 2\n", "does not parse: unexpected indent, line 2"),
        ("# caf\xe9".encode("latin-1"), "the file is not UTF-8: line 1 has the byte 0xe9"),
        (b"x = 1\n\0\n", "the file holds a NUL character in line 2"),
        ("1 / 0\n", "raises ZeroDivisionError at line 1 while it is loaded"),
        ("import torch.nowhere\n", "raises ModuleNotFoundError at line 1 while it is loaded"),
        ("import sys; sys.exit(0)\n", "raises SystemExit at line 1 while it is loaded"),
        (
            "import os; os._exit(0)\n",
            "while loading the file: the process ended itself with exit status 0 "
            "before it answered",
        ),
        ("def scaled_sums(x, y): pass\n", "`scaled_sum` is not defined"),
        ("x = 1\n", "`scaled_sum` is not defined"),
        ("x = '" + "a" * 2**20 + "'\n", "the file is larger than 1 MiB"),
    ],
)
def test_file_that_cannot_be_graded_says_why(
    engine: Engine, suite: Suite, source: str | bytes, summary: str
) -> None:
    result = grade(engine, suite, source)

    assert summary == result.summary
    assert not result.n_passed
    assert result.verdict not in (Verdict.PASSED, Verdict.NOT_STARTED)


def test_syntax_error_shows_line_and_caret(engine: Engine, suite: Suite) -> None:
    result = grade(engine, suite, "import torch\nx = (1 +\n")

    assert ("scaled_sum.py:2", "  x = (1 +", "      ^") == result.details


def test_too_much_memory_is_said_of_a_file_that_does_not_even_load(
    engine: Engine, suite: Suite
) -> None:
    result = grade(engine, suite, "import torch\nx = torch.ones(10 * 2**30)\n" + RIGHT)

    assert Verdict.TOO_MUCH_MEMORY == result.verdict
    assert "asks for more memory than there is while it is loaded" == result.summary


def test_renamed_function_is_suggested(engine: Engine, suite: Suite) -> None:
    result = grade(engine, suite, RIGHT.replace("def scaled_sum", "def scaledsum"))

    assert ("found: `scaledsum`", "did you mean `scaledsum` to be it?") == result.details


def test_file_that_is_gone_can_be_had_back(engine: Engine, suite: Suite) -> None:
    (entry,) = suite.entries
    entry.stub.unlink()

    result = Grader(engine, suite.root / ".dojo" / "expected").grade(entry)

    assert "the file is gone" == result.summary
    assert ("`dojo reset` brings the stub back",) == result.details


@pytest.mark.parametrize(
    ("body", "verdict", "summary"),
    [
        ("return None", Verdict.WRONG, "got None"),
        ("return [x + y]", Verdict.WRONG, "got a list of 1"),
        ("return (x + y)[None] * scale", Verdict.WRONG, "got Tensor (1, 3, 4)"),
        ("return (x + y).double() * scale", Verdict.WRONG, "float64"),
        ("return (x + y) * scale * 2", Verdict.WRONG, "too large by a factor of 2"),
        ("x += y; return x * scale", Verdict.WRONG, "writes into its input"),
        ("return x * y.nope", Verdict.RAISED, "raises AttributeError at line 6"),
        ("raise NotImplementedError", Verdict.NOT_STARTED, "`scaled_sum` is still to be written"),
        ("return torch.zeros(10 * 2**30)", Verdict.TOO_MUCH_MEMORY, "more memory than there is"),
        ("import os; os._exit(0)", Verdict.NO_ANSWER, "ended itself with exit status 0"),
        ("import ctypes; ctypes.string_at(0)", Verdict.NO_ANSWER, "was ended by SIGSEGV"),
    ],
)
def test_wrong_answer_has_its_verdict_and_words(
    engine: Engine, suite: Suite, body: str, verdict: Verdict, summary: str
) -> None:
    source = (
        "import torch\ndef scaled_sum(x, y, scale=1.0):\n"
        "    if scale == 0:\n        raise ValueError\n    if True:\n"
        f"        {body}\n"
    )
    result = grade(engine, suite, source)

    # The case of a scale of zero passes, so a kata that is not begun at all differs.
    expected = Verdict.RAISED if verdict is Verdict.NOT_STARTED else verdict
    assert expected == result.verdict
    assert summary in result.cases[0].summary


def test_endless_loop_costs_its_case_and_the_next_ones_are_graded(
    engine: Engine, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dojo.reference.FLOOR_SECONDS", 0.5)
    source = RIGHT.replace("    total =", "    while scale == 2.5: pass\n    total =")

    result = grade(engine, suite, source)

    assert [Verdict.TOO_SLOW, *[Verdict.PASSED] * 3] == [case.verdict for case in result.cases]


def test_case_that_must_raise_tells_nothing_from_something_else(
    engine: Engine, suite: Suite
) -> None:
    nothing = grade(engine, suite, RIGHT.replace("scale == 0", "False"))
    another = grade(engine, suite, RIGHT.replace("raise ValueError", "raise TypeError"))

    assert "raises nothing where ValueError is due" == nothing.cases[-1].summary
    line = (
        RIGHT.splitlines().index('        raise ValueError("a scale of zero loses everything")') + 1
    )
    assert f"raises TypeError at line {line}, where ValueError is due" == another.cases[-1].summary


def test_words_of_the_learners_code_are_cut_and_steer_no_terminal(
    engine: Engine, suite: Suite
) -> None:
    message = "\\x1b[2J\\x1b]0;PASS\\x07\\u202etxt" + "A" * 10_000
    source = RIGHT.replace("    total", f'    raise KeyError("{message}")\n    total')

    result = grade(engine, suite, source)

    words = "".join((*result.cases[0].details, result.cases[0].summary, result.printed))
    assert not {"\x1b", "\x07", "\u202e"} & set(words)
    assert len(words) < 1000


def test_what_the_code_prints_is_kept_for_the_reader(engine: Engine, suite: Suite) -> None:
    source = RIGHT.replace("    total", "    print('shape', tuple(x.shape))\n    total", 1)

    result = grade(engine, suite, source)

    assert "shape (3, 4)" in result.printed


MODULE_SOLUTION = '''"""Affine.

>>> Affine(2)(torch.zeros(1, 2)).shape
torch.Size([1, 2])
"""

import torch
from torch import nn


class Affine(nn.Module):
    """A layer with parameters `weight` and `bias`."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n, n))
        self.bias = nn.Parameter(torch.zeros(n))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight.T + self.bias
        # ✗ return x @ self.weight + self.bias — The weight is used untransposed: transpose it.
'''
MODULE_GRADER = '''"""What Affine must do."""

from dojo import Kata, case

kata = Kata(
    minutes=5,
    level="warmup",
    asked="Affine.",
    asked_zh="仿射。",
    hints=("a",),
    follow_ups={"b?": "c"},
    source="d",
)


@case(B=2, n=3)
def output(kata, draw, B, n):
    """matches the equation"""
    return draw.weights(kata.Affine(n))(draw.normal(B, n))


@case(B=2, n=4)
def gradients(kata, draw, B, n):
    """passes gradients"""
    layer = draw.weights(kata.Affine(n))
    layer(draw.normal(B, n)).backward(draw.normal(B, n))
    return draw.gradients(layer)
'''


@pytest.mark.parametrize(
    ("old", "new", "summary"),
    [
        ("self.weight", "self.kernel", "there is no parameter `weight`"),
        ("torch.ones(n, n)", "torch.ones(n, n + 1)[:, :n]", ""),
        ("torch.zeros(n)", "torch.zeros(1)", "`bias` has shape (1,), expected (3,)"),
        ("nn.Parameter(torch.zeros(n))", "torch.zeros(n)", "there is no parameter `bias`"),
        ("        self.bias", "        self.more = nn.Parameter(torch.ones(1))\n        self.bias",
         "there are parameters that nobody asked for"),
    ],
)  # fmt: skip
def test_parameters_are_compared_by_name_and_shape(
    engine: Engine, make_suite: Make, old: str, new: str, summary: str
) -> None:
    suite = make_suite(MODULE_SOLUTION, MODULE_GRADER, "basics/affine")

    result = grade(engine, suite, reference(MODULE_SOLUTION).replace(old, new))

    assert summary == result.cases[0].summary


def test_yours_are_listed_when_a_parameter_is_missing(engine: Engine, make_suite: Make) -> None:
    suite = make_suite(MODULE_SOLUTION, MODULE_GRADER, "basics/affine")

    result = grade(engine, suite, reference(MODULE_SOLUTION).replace("self.weight", "self.kernel"))

    assert ("yours: `kernel` (3, 3), `bias` (3,)",) == result.cases[0].details


def test_gradient_that_never_arrives_is_named(engine: Engine, make_suite: Make) -> None:
    suite = make_suite(MODULE_SOLUTION, MODULE_GRADER, "basics/affine")

    result = grade(
        engine, suite, reference(MODULE_SOLUTION).replace("self.bias\n", "self.bias.detach()\n")
    )

    assert "bias" in result.cases[1].summary
    assert "None" in result.cases[1].summary


def test_expected_values_are_computed_once(engine: Engine, suite: Suite, tmp_path: Path) -> None:
    grade(engine, suite, RIGHT)
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / ".dojo").rglob("*.msgpack")}

    grade(engine, suite, RIGHT)

    assert files == {p: p.stat().st_mtime_ns for p in (tmp_path / ".dojo").rglob("*.msgpack")}


def test_expected_values_change_with_the_solution(engine: Engine, suite: Suite) -> None:
    assert Verdict.PASSED == grade(engine, suite, RIGHT).verdict
    (entry,) = suite.entries
    entry.solution.write_text(SOLUTION.replace("x + y", "x + 2 * y"), encoding="utf-8")

    assert Verdict.WRONG == grade(engine, Suite(suite.root), RIGHT).verdict


def test_damaged_cache_is_computed_again(engine: Engine, suite: Suite) -> None:
    grade(engine, suite, RIGHT)
    for path in (suite.root / ".dojo").rglob("*.msgpack"):
        path.write_bytes(path.read_bytes()[:50])

    assert Verdict.PASSED == grade(engine, suite, RIGHT).verdict


META_GRADER = GRADER.replace(
    "@case(n=5)\n",
    '@case(n=6)\ndef device(kata, draw, n):\n    """stays on the device of its input"""\n'
    "    x, y = draw.meta.normal(n), draw.meta.normal(n)\n"
    "    return kata.scaled_sum(x, y, scale=2.0)\n\n\n@case(n=5)\n",
)


@pytest.mark.parametrize(
    ("total", "verdict", "summary"),
    [
        ("x + y", Verdict.PASSED, ""),
        ("x + y + torch.zeros(1)", Verdict.WRONG, "makes a tensor on another device"),
        ("torch.ones(x.shape)", Verdict.WRONG, "on the meta device"),
        (
            "x + y\n    if x.is_meta:\n        raise RuntimeError",
            Verdict.RAISED,
            "raises RuntimeError",
        ),
        ("torch.from_numpy(x.numpy() + y.numpy())", Verdict.PASSED, ""),
        ("x + y if x.sum() > -1e9 else x + y", Verdict.PASSED, ""),
    ],
)
def test_tensor_on_another_device_is_found_and_right_code_that_needs_values_is_not_refused(
    engine: Engine, make_suite: Make, total: str, verdict: Verdict, summary: str
) -> None:
    suite = make_suite(grader=META_GRADER)

    result = grade(engine, suite, RIGHT.replace("total = x + y", f"total = {total}"))

    (case,) = [case for case in result.cases if case.case.startswith("device")]
    assert verdict == case.verdict
    assert summary in case.summary


def test_cases_that_changed_since_the_grader_was_read_do_not_share_expected_values(
    engine: Engine, suite: Suite
) -> None:
    (entry,) = suite.entries
    read_before = entry.cases
    entry.grader.write_text(GRADER.replace("n=3, m=4", "n=2, m=7"), encoding="utf-8")
    assert read_before == entry.cases
    grade(engine, suite, RIGHT)  # the old cases, with the new text beside them

    assert Verdict.PASSED == grade(engine, Suite(suite.root), RIGHT).verdict
