"""How the `# ✗ wrong — why` lines of a solution are read."""

from __future__ import annotations

import ast

import black
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dojo.mistakes import MistakeError, find_mistakes, reference

SOLUTION = '''"""Attention with a mask.

# ✗ this is text — so it is no mistake
"""

import math

import torch
from torch import Tensor, nn

SCALE = 1.0
# ✗ SCALE = 2.0 — Twice too much: take one.


class Attention(nn.Module):
    """Attend."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.note = "# ✗ a — b"
        self.proj = nn.Linear(d_model, d_model)  # d_model d_model
        # ✗ self.proj = nn.Linear(d_model, d_model, bias=False) — The bias is gone: keep it.

    @torch.no_grad()
    def scores(
        self,
        q: Tensor,
        k: Tensor,  # the keys
    ) -> Tensor:
        scores = torch.einsum(
            "tc, sc -> ts",
            q / math.sqrt(q.shape[-1]),
            k,
        )
        # ✗ scores = q @ k.mT — Too large: divide by the root.
        # ✗ pass — Nothing is computed, and this reason is too long for one line, so that it
        #   goes on in another: compute it.
        # an ordinary comment
        for row in scores:
            # ✗ for row in scores[
            #   1:]: — The first row is left out: take
            #   all of them.
            if row.sum() > 0:
                row += 1
                # ✗ row += 1; row += 1 — Added twice: add once.
            else:
                # ✗ elif row.sum() < 0: — Zero is left out: take it with the rest.
                row -= 1

        return scores

    def _split(self, x: Tensor) -> Tensor:
        """Split."""
        return x.unflatten(-1, (2, -1))


def softmax(x: Tensor) -> Tensor:
    # ✗ def softmax(x: Tensor, dim: int) -> Tensor: — One argument too many: leave it out.
    return x.softmax(-1)


# ✗ softmax — It overflows: subtract the maximum.
def _(x):
    e = x.exp()

    return e / e.sum(-1)


# ✗ Attention._split — The axes are swapped,
#   both of them: swap them back.
@staticmethod
def _(x):
    text = """
left"""
    # an ordinary comment
    return x, text
'''


def changed(wrong: str) -> tuple[list[str], list[str]]:
    """Return what a mistake takes out of the solution and what it puts in."""
    (mistake,) = (mistake for mistake in find_mistakes(SOLUTION) if mistake.wrong == wrong)
    old, new = reference(SOLUTION).splitlines(), mistake.source.splitlines()
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return [line.strip() for line in old], [line.strip() for line in new]


def refusal(source: str) -> MistakeError:
    with pytest.raises(MistakeError) as caught:
        find_mistakes(source)
    return caught.value


def function(*lines: str) -> str:
    """Return a function with these lines, each indented."""
    return "def f(x):\n" + "".join(f"    {line}\n" for line in lines)


class TestFindMistakes:
    def test_each_comment_is_a_mistake_in_the_order_of_the_file(self):
        wrongs = [
            "SCALE = 2.0",
            "self.proj = nn.Linear(d_model, d_model, bias=False)",
            "scores = q @ k.mT",
            "pass",
            "for row in scores[ 1:]:",
            "row += 1; row += 1",
            "elif row.sum() < 0:",
            "def softmax(x: Tensor, dim: int) -> Tensor:",
            "softmax",
            "Attention._split",
        ]
        found = find_mistakes(SOLUTION)

        assert wrongs == [mistake.wrong for mistake in found]
        assert [
            number
            for number, line in enumerate(SOLUTION.splitlines(), start=1)
            if line.lstrip().startswith("# ✗ ") and "this is text" not in line
        ] == [mistake.line for mistake in found]

    def test_a_comment_goes_on_in_lines_indented_by_three_spaces(self):
        reasons = {mistake.wrong: mistake.why for mistake in find_mistakes(SOLUTION)}

        assert (
            "Nothing is computed, and this reason is too long for one line, so that it "
            "goes on in another: compute it." == reasons["pass"]
        )
        assert "The first row is left out: take all of them." == reasons["for row in scores[ 1:]:"]

    def test_each_mistake_stands_alone_in_a_whole_solution(self):
        for mistake in find_mistakes(SOLUTION):
            compile(mistake.source, "solution", "exec")

            assert 2 == mistake.source.count("✗"), "those in strings, and no other"
            assert "def _(" not in mistake.source
            assert reference(SOLUTION) != mistake.source

    @pytest.mark.parametrize(
        ("wrong", "old", "new"),
        [
            pytest.param("SCALE = 2.0", ["SCALE = 1.0"], ["SCALE = 2.0"], id="a line"),
            pytest.param(
                "self.proj = nn.Linear(d_model, d_model, bias=False)",
                ["self.proj = nn.Linear(d_model, d_model)  # d_model d_model"],
                ["self.proj = nn.Linear(d_model, d_model, bias=False)"],
                id="with the comment behind it",
            ),
            pytest.param(
                "scores = q @ k.mT",
                [
                    "scores = torch.einsum(",
                    '"tc, sc -> ts",',
                    "q / math.sqrt(q.shape[-1]),",
                    "k,",
                    ")",
                ],
                ["scores = q @ k.mT"],
                id="all lines of a statement",
            ),
            pytest.param(
                "row += 1; row += 1", ["row += 1"], ["row += 1; row += 1"], id="two for one"
            ),
            pytest.param(
                "for row in scores[ 1:]:",
                ["for row in scores:"],
                ["for row in scores[ 1:]:"],
                id="a header",
            ),
            pytest.param("elif row.sum() < 0:", ["else:"], ["elif row.sum() < 0:"], id="an else"),
            pytest.param(
                "def softmax(x: Tensor, dim: int) -> Tensor:",
                ["def softmax(x: Tensor) -> Tensor:"],
                ["def softmax(x: Tensor, dim: int) -> Tensor:"],
                id="a signature",
            ),
            pytest.param(
                "softmax",
                ["return x.softmax(-1)"],
                ["e = x.exp()", "", "return e / e.sum(-1)"],
                id="a function",
            ),
        ],
    )
    def test_a_mistake_changes_nothing_but_what_it_replaces(self, wrong, old, new):
        if wrong == "softmax":  # its arguments have lost their annotations as well
            old, new = ["def softmax(x: Tensor) -> Tensor:", *old], ["def softmax(x):", *new]

        assert (old, new) == changed(wrong)

    def test_pass_leaves_the_whole_statement_out(self):
        (mistake,) = (mistake for mistake in find_mistakes(SOLUTION) if mistake.wrong == "pass")

        assert "    ) -> Tensor:\n        pass\n        # an ordinary comment\n" in mistake.source

    def test_a_method_is_replaced_with_its_decorators_and_strings_keep_their_value(self):
        mistake = find_mistakes(SOLUTION)[-1]
        (cls,) = (node for node in ast.parse(mistake.source).body if isinstance(node, ast.ClassDef))
        method = cls.body[-1]
        assert isinstance(method, ast.FunctionDef)

        assert "_split" == method.name
        assert ["staticmethod"] == [ast.unparse(decorator) for decorator in method.decorator_list]
        assert "text = '\\nleft'" == ast.unparse(method.body[0])
        assert "        # an ordinary comment\n" in mistake.source

    def test_the_decorators_of_what_a_function_replaces_go(self):
        source = "@cache\ndef f(x):\n    return x\n\n\n# ✗ f — A: b.\ndef _(x):\n    return 1\n"

        assert "def f(x):\n    return 1\n" == find_mistakes(source)[0].source

    def test_a_decorated_statement_is_replaced_from_its_first_decorator(self):
        source = "@cache\n@other\ndef f(x):\n    return x\n\n\n# ✗ f = None — Why: cure.\n"

        assert "f = None\n" == find_mistakes(source)[0].source

    def test_the_column_tells_the_inner_statement_from_the_outer(self):
        source = function("if x:", "    x = 1", "    # ✗ x = 2 — A: b.", "# ✗ x = 3 — A: b.")
        inner, outer = find_mistakes(source)

        assert function("if x:", "    x = 2") == inner.source
        assert function("x = 3") == outer.source

    def test_a_comment_under_an_elif_replaces_the_whole_statement(self):
        source = function("if x:", "    x = 1", "elif y:", "    x = 2", "# ✗ x = 3 — A: b.")

        assert function("x = 3") == find_mistakes(source)[0].source

    def test_a_heading_is_told_from_a_mistake_of_the_statement_above(self):
        source = "f = 1\n\n\ndef g():\n    return 1\n\n\nX = 1\n# ✗ X = 2 — A: b.\n"
        spare = "# ✗ g — A: b.\ndef _():\n    return 2\n"
        first, second = find_mistakes(source + spare)

        assert ["X = 2", "g"] == [first.wrong, second.wrong]
        assert "return 1" in first.source and "return 2" in second.source

    @pytest.mark.parametrize("newline", ["\r\n", "\r"])
    def test_newlines_of_other_systems_change_nothing(self, newline):
        assert find_mistakes(SOLUTION) == find_mistakes(SOLUTION.replace("\n", newline))

    def test_a_solution_without_mistakes_has_none(self):
        assert () == find_mistakes("x = 1  # ordinary — comment\n")


class TestReference:
    def test_it_has_no_trace_of_mistakes_and_everything_else(self):
        text = reference(SOLUTION)
        lines = [line for line in text.splitlines() if line.strip()]
        end = SOLUTION.index("# ✗ softmax —")
        continued = ("#   goes", "#   1:]", "#   all of them")
        kept = [
            line
            for line in SOLUTION[:end].splitlines()
            if line.strip()
            and not line.lstrip().startswith(continued)
            and (not line.lstrip().startswith("# ✗") or "this is text" in line)
        ]

        assert kept == lines

    @pytest.mark.parametrize(
        "source",
        [
            SOLUTION,
            "def f(x):\n    # ✗ def f(y): — A: b.\n\n    # why\n    return x\n",
            "def f(x):\n    # ✗ def f(y): — A: b.\n\n    return x\n",
            "class A:\n    # ✗ class A(B): — A: b.\n\n    def f(self):\n        return 1\n",
            "def f():\n    def g():\n        return 1\n\n    # ✗ g = 1 — A: b.\n    return g\n",
            "def f():\n    return 1\n\n\n# ✗ f = 1 — A: b.\n\n\ndef g():\n    return 2\n",
            "import a\n\n# ✗ import b — A: b.\n\nx = 1\n",
            "x = 1\n\n\n# ✗ x = 2 — A: b.\ndef g():\n    return 2\n",
        ],
    )
    def test_it_is_as_black_wants_it_if_the_solution_was(self, source):
        mode = black.Mode(line_length=100)
        source = black.format_str(source, mode=mode)

        assert "# ✗" in source
        assert black.format_str(reference(source), mode=mode) == reference(source)

    def test_no_gap_is_left_under_a_header(self):
        source = function("# ✗ def f(y): — A: b.") + "\n" + "    return x\n"

        assert function("return x") == reference(source)

    def test_a_text_without_mistakes_stays_as_it_is(self):
        source = "x = 1\n\n\n\n# a comment\n#   that goes on\ny = '''\n\n\n'''\n"

        assert source == reference(source)

    def test_a_headline_above_the_whole_functions_goes_with_them(self):
        source = "def f():\n    return 1\n\n\n# Whole functions\n\n\n"
        source += "# ✗ f — A: b.\ndef _():\n    return 2\n"

        assert "def f():\n    return 1\n" == reference(source)


REFUSED = {
    "no statement above": ("# ✗ x = 1 — A: b.\nx = 2\n", 1, "no statement"),
    "a header above": (function("# ✗ x = 1 — A: b.", "return x"), 2, "only a header"),
    "another column": (function("return x", "  # ✗ return 1 — A: b."), 3, "this column"),
    "a deeper column": (
        function(
            "if x:",
            "    x = 1",
            "else:",
            "    x = 2",
            "    # ✗ x = 3 — A: b.",
            "y = 1",
            "    # ✗ y = 2 — A: b.",
        ),
        8,
        "this column",
    ),
    "no dash": (function("return x", "# ✗ return 1 - A: b."), 3, "no ` — `"),
    "nothing wrong": (function("return x", "# ✗ — A: b."), 3, "before the dash"),
    "no reason": (function("return x", "# ✗ return 1 —"), 3, "no reason"),
    "not Python": (function("return x", "# ✗ return 1 1 — A: b."), 3, "does not compile"),
    "not allowed there": ("x = 1\n# ✗ return 1 — A: b.\n", 2, "does not compile"),
    "unbalanced": (
        "x = 1\n# ✗ x = (1, — A: b.\ny = 2\nz = (y)\n",
        2,
        "close its brackets",
    ),
    "a backslash": ("x = 1\n# ✗ x = 1 + \\ — A: b.\ny\n", 2, "close its brackets"),
    "no such target": ("def f(): 0\n# ✗ g — A: b.\ndef _(): 1\n", 2, "not exactly one"),
    "a class as target": ("class A: 0\n# ✗ A — A: b.\ndef _(): 1\n", 2, "not exactly one"),
    "itself as target": ("def f(): 0\n# ✗ _ — A: b.\ndef _(): 1\n", 2, "not exactly one"),
    "two targets": (
        "def f(): 0\ndef f(): 1\n# ✗ f — A: b.\ndef _(): 1\n",
        3,
        "not exactly one",
    ),
    "no heading": ("def f(): 0\ndef _(): 1\n", 2, "replaces nothing"),
    "a heading too far up": ("def f(): 0\n# ✗ f — A: b.\n\ndef _(): 1\n", 4, "replaces nothing"),
    "code behind": ("def f(): 0\n# ✗ f — A: b.\ndef _(): 1\nx = 1\n", 3, "file's end"),
    "inside another": (
        "def f(): 0\n# ✗ f — A: b.\ndef _():\n    return 1\n    # ✗ return 2 — A: b.\n",
        5,
        "which is one itself",
    ),
    "behind another": ("def f(): 0\n# ✗ f — A: b.\ndef _(): 1\n# ✗ x — A: b.\n", 4, "one itself"),
    "nothing new": (function("return x", "# ✗ return (x) — A: b."), 3, "does anyway"),
    "pass for pass": (function("pass", "# ✗ pass — A: b."), 3, "does anyway"),
    "a function that is the same": (
        "def f(): return 1\n# ✗ f — A: b.\ndef _():\n    return 1\n",
        2,
        "does anyway",
    ),
    "twice": (
        function("return x", "# ✗ return 1 — A: b.", "# ✗ return  1 — C: d."),
        4,
        "same mistake as in line 3",
    ),
    "behind a statement": ("x = 1  # ✗ x = 2 — A: b.\n", 1, "line of its own"),
    "inside a statement": ("x = (\n    1,\n    # ✗ 2, — A: b.\n)\n", 3, "line of its own"),
    "no space": ("x = 1\n#✗ x = 2 — A: b.\n", 2, "stray"),
    "two spaces": ("x = 1\n#  ✗ x = 2 — A: b.\n", 2, "stray"),
    "no mistake": ("x = 1\n# see ✗ below\n", 2, "stray"),
    "two in one": ("x = 1\n# ✗ x = 2 — A: b. ✗ x = 3 — C: d.\n", 2, "stray"),
    "a mark alone": ("x = 1\n# ✗\n", 2, "stray"),
    "two statements in a line": ("x = 1; y = 2\n# ✗ x = 3 — A: b.\n", 2, "share the line"),
}


class TestMistakeError:
    @pytest.mark.parametrize("case", REFUSED)
    def test_what_breaks_a_rule_is_refused_with_its_line(self, case):
        source, line, message = REFUSED[case]
        error = refusal(source)

        assert line == error.line
        assert message in str(error)
        assert str(error).startswith(f"line {line}: ")

    def test_a_solution_that_does_not_compile_is_a_syntax_error(self):
        for source in ("def f(:\n", "return 1\n", "x = \0", "x = '\ud800'", "-" * 100_000 + "1"):
            with pytest.raises(SyntaxError):
                find_mistakes(source)


PIECES = st.sampled_from(
    [
        *(
            "x = 1",
            "if x:",
            "else:",
            "def f(x):",
            "def _(x):",
            "class A:",
            "return x",
            "pass",
            "@f",
        ),
        *(
            "# ✗ f — why",
            "# ✗ x = 2 — why",
            "# ✗ pass — why",
            "# ✗ if y: — why",
            "# ✗ A.f — why",
            "# ✗ _ — why",
        ),
        *(
            "#   more",
            "# ✗ x = (",
            "x = (",
            ")",
            '"""',
            "a; b",
            "x = \\",
            "\t",
            "\f",
            "é = 'ü'",
            "",
        ),
    ]
)
LINES = st.builds(lambda depth, piece: "    " * depth + piece, st.integers(0, 2), PIECES)
TEXTS = st.one_of(st.text(), st.lists(LINES, max_size=12).map("\n".join))


@settings(max_examples=400, deadline=None)
@given(TEXTS)
@example("\ufeffx = 1\n# ✗ x = 2 — why")
@example("x = 1\n\f# ✗ x = 2 — why\n")
@example("é = 1; x = 2\n# ✗ x = 2 — why\n")
def test_any_text_is_read_or_refused(text):
    try:
        found = find_mistakes(text)
    except (SyntaxError, MistakeError):
        return
    for mistake in found:
        compile(mistake.source, "solution", "exec")
        assert () == find_mistakes(mistake.source)
    assert reference(text) == reference(reference(text))
