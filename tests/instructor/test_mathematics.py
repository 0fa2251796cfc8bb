"""Statements become Markdown whose equations are LaTeX that says the same."""

from __future__ import annotations

import contextlib
import doctest
import re
import unicodedata

import pytest
from course import ROOT
from matplotlib.mathtext import MathTextParser

from dojo.instructor.mathematics import SYMBOLS, equation, equations
from dojo.instructor.statement import examples, markdown
from dojo.suite import Entry, Suite

ENTRIES = Suite(ROOT).entries
FUNCTIONS = {
    *(
        "arctan",
        "cos",
        "cosh",
        "det",
        "exp",
        "ln",
        "log",
        "max",
        "min",
        "sin",
        "sinh",
        "tan",
        "tanh",
    )
}


def blocks(entry: Entry) -> list[str]:
    """Return the indented blocks of a statement that are no examples."""
    found = entry.statement.split("\n\n")
    return [block for block in found if block.startswith("    ") and ">>>" not in block]


def atoms(text: str) -> list[str]:
    """Return the letters and digits of an equation in the order in which they are read."""
    for symbol, tex in SYMBOLS.items():
        text = text.replace(symbol, " ") if tex.startswith("\\") else text
    text = re.sub(r"\\([a-zA-Z]+)", lambda m: spelled(m[1]), text)
    plain = unicodedata.normalize("NFKC", text)
    return [char for char in plain if char.isalnum()]


def spelled(command: str) -> str:
    """Return what a command stands for: a function's name, a Greek letter, or else nothing."""
    if command in FUNCTIONS:
        return command
    size = "CAPITAL" if command[0].isupper() else "SMALL"
    word = command.upper().replace("LAMBDA", "LAMDA")
    with contextlib.suppress(KeyError):
        return unicodedata.lookup(f"GREEK {size} LETTER {word}")
    return ""


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_equation_keeps_its_letters_and_can_be_set(entry: Entry) -> None:
    parser = MathTextParser("path")
    for block in blocks(entry):
        for line in block.splitlines():
            label = re.match(r'\s*("[\w -]+"|[A-Za-z][\w -]*): +', line)
            text = line[label.end() :] if label else line.strip()
            tex = equation(text)
            if tex is None:
                continue
            assert atoms(text) == atoms(tex), tex
            if r"\text" not in tex:
                # What this parser lacks of LaTeX, and MathJax has.
                simple = tex.replace(r"\lt", "<").replace(r"\gt", ">").replace(r"\Vert", "|")
                parser.parse(f"${simple}$")


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("y = x Wᵀ + b", r"y = x W^{\top} + b"),
        ("softmax(x)ᵢ", r"\operatorname{softmax}(x)_{i}"),
        ("a / b", r"\frac{a}{b}"),
        ("(a + b) / (c + d)", r"\frac{a + b}{c + d}"),
        ("a / b · c", r"\frac{a}{b} \cdot c"),
        ("a / b c", r"a / b c"),
        ("a / b / c", r"a / b / c"),
        ("a/b", r"a / b"),
        ("√(x + 1) / 2", r"\frac{\sqrt{x + 1}}{2}"),
        ("base^(2i / d_model)", r"\mathrm{base}^{2 i / d_{\mathrm{model}}}"),
        ("Σₙ wₙ / Σₖ vₖ", r"\frac{\sum_{n} w_{n}}{\sum_{k} v_{k}}"),
        ("e⁻ᶻ", r"e^{-z}"),
        ("tokensₜ₊₁", r"\mathrm{tokens}_{t+1}"),
        ("q' k'ᵀ", r"q^{\prime} k^{\prime\top}"),
        ("θ ← θ − η g", r"\theta \leftarrow \theta - \eta g"),
        ("loss = sum of all that count", r"\mathrm{loss} = \text{sum of all that count}"),
    ],
)
def test_what_is_read_is_what_is_meant(plain: str, expected: str) -> None:
    assert expected.split() == (equation(plain) or "").split()


@pytest.mark.parametrize("text", ["x = (1", "a ? b", "☃ = 1", 'f("a")', "x ) y"])
def test_what_is_no_equation_is_left_alone(text: str) -> None:
    assert equation(text) is None
    assert equations(f"    {text}") is None


def test_lines_are_aligned_and_labels_stand_in_front() -> None:
    tex = equations('    "sum":   Σₙ xₙ\n    "mean":  Σₙ xₙ / N')
    assert tex is not None
    assert r"\text{\"sum\":} & & & \sum_{n} x_{n} \\".replace(r"\"", '"') in tex
    assert "a & = b" in (equations("    a = b\n    c = d") or "")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_examples_are_the_statement_s_own(entry: Entry) -> None:
    parser = doctest.DocTestParser()
    ours, theirs = parser.get_examples(examples(entry.statement)), entry.statement
    assert [(e.source, e.want) for e in parser.get_examples(theirs)] == [
        (e.source, e.want) for e in ours
    ]


def test_a_statement_keeps_its_prose_from_becoming_markup() -> None:
    text = (
        "Title.\n\nUse x * y * z and a_b_c < d, `e * f`.\n\n- one\n  more\n\n# no heading"
        "\n\n>>> 1\n1"
    )
    assert (
        "Use x \\* y \\* z and a\\_b\\_c &lt; d, `e * f`.\n\n- one\n  more\n\n\\# no heading"
    ) == markdown(text)
    inside = markdown("Title.\n\n- item:\n\n      y = x / 2\n\n  goes on")
    assert "- item:\n\n  $$\n  y = \\frac{x}{2}\n  $$\n\n  goes on" == inside
    assert "```text\na ? b\n```" == markdown("Title.\n\n    a ? b")
