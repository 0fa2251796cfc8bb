"""Answers that share what others do not have are found; what everybody writes is no sign."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from course import make_course, right

from dojo.instructor.assignment import Assignment
from dojo.instructor.grading import Submission
from dojo.instructor.similar import find_pairs, similar_html

pytest.importorskip("copydetect")

KATA = "recurrent/lstm_cell"
HEAD = "import torch\n\n\ndef lstm_cell(x, state, weight_ih, weight_hh, bias_ih, bias_hh):\n"
ODD = """    # the four gates live in one tall matrix, says my notebook
    hidden, memory = state
    pieces = []
    for row in range(4):
        n = hidden.shape[-1]
        part = slice(row * n, row * n + n)
        left = torch.einsum("bi,hi->bh", x, weight_ih[part])
        right = torch.einsum("bi,hi->bh", hidden, weight_hh[part])
        pieces.append(left + right + bias_ih[part] + bias_hh[part])
    kept = memory / (1 + torch.exp(-pieces[1]))
    kept = kept + torch.tanh(pieces[2]) / (1 + torch.exp(-pieces[0]))
    return torch.tanh(kept) / (1 + torch.exp(-pieces[3])), kept
"""
RENAMED = (
    ODD.replace("hidden", "hh").replace("memory", "cc").replace("pieces", "zs").replace("part", "s")
)
OTHERS = [
    """    h, c = state
    gates = x @ weight_ih.T + h @ weight_hh.T + bias_ih + bias_hh
    a, b, d, e = torch.split(gates, h.shape[1], dim=1)
    new = torch.sigmoid(b) * c + torch.sigmoid(a) * torch.tanh(d)
    return torch.sigmoid(e) * new.tanh(), new
""",
    """    def gate(k):
        size = state[0].size(1)
        w, u = weight_ih[k * size:][:size], weight_hh[k * size:][:size]
        b = (bias_ih + bias_hh)[k * size:][:size]
        return torch.nn.functional.linear(x, w) + torch.nn.functional.linear(state[0], u) + b
    memory = gate(1).sigmoid() * state[1]
    memory += gate(0).sigmoid() * gate(2).tanh()
    return (gate(3).sigmoid() * memory.tanh()), memory
""",
]


@pytest.fixture
def course(tmp_path: Path) -> Assignment:
    return make_course(tmp_path, (KATA,))


def handed(*texts: str) -> list[Submission]:
    return [Submission(f"s{i}", {KATA: text}) for i, text in enumerate(texts)]


def test_renamed_copy_is_found_and_independent_answers_are_not(course: Assignment) -> None:
    class_ = handed(HEAD + ODD, *(HEAD + other for other in OTHERS), HEAD + RENAMED)

    (pair,) = find_pairs(course, class_, 0.7)

    assert ("s0", "s3") == pair.students
    assert pair.similarity > 0.9
    assert ("the four gates live in one tall matrix, says my notebook",) == pair.comments
    assert any("einsum" in line.text and line.alike for line in pair.sides[0])
    assert not [line for line in pair.sides[0] if line.given and line.alike]


def test_what_many_write_or_the_solution_does_is_no_sign(course: Assignment) -> None:
    assert () == find_pairs(course, handed(*[HEAD + ODD] * 8), 0.5)
    assert () == find_pairs(course, handed(right(KATA), right(KATA)), 0.5)
    stub = course.entry(KATA).stub.read_text()
    assert () == find_pairs(course, handed(stub, stub, "", "def (", "\0"), 0.1)


def test_pairs_come_in_order_and_the_threshold_decides(course: Assignment) -> None:
    half = "\n".join(ODD.splitlines()[:7]) + "\n    return None\n"
    class_ = handed(HEAD + ODD, HEAD + RENAMED, HEAD + half + OTHERS[1])

    pairs = find_pairs(course, class_, 0.2)

    assert ("s0", "s1") == pairs[0].students
    assert sorted((p.similarity for p in pairs), reverse=True) == [p.similarity for p in pairs]
    assert len(find_pairs(course, class_, 0.9)) < len(pairs)


def test_report_escapes_code_and_names(course: Assignment) -> None:
    evil = ODD.replace("says my notebook", "</pre><script>alert(1)</script>\x1b[2J")
    class_ = [
        replace(one, student=f"<img src={one.student}>") for one in handed(HEAD + evil, HEAD + evil)
    ]

    html = similar_html(course, find_pairs(course, class_, 0.5), 0.5, 2)

    assert "<script" not in html and "<img" not in html and "\x1b" not in html
    assert "&lt;script&gt;" in html and "&lt;img src=s0&gt;" in html
    assert "http" not in html.replace("http-equiv", "")
    assert "No pair is that much alike" in similar_html(course, (), 0.5, 2)
