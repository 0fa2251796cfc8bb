"""Answers that share what others do not have are found; what everybody writes is no sign."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from course import make_course, right

from dojo.instructor import similar
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


def varied(n: int) -> list[str]:
    """Return answers that nobody has from anybody else."""
    return [
        f"{HEAD}    a = x.mean({i})\n"
        + "".join(f"    b{j} = {i + j} * [a] + {'(' * i}a{')' * i} ** {j}\n" for j in range(9))
        + "    return a\n"
        for i in range(n)
    ]


@pytest.mark.parametrize("n", [2, 3, 4, 6, 7])
@pytest.mark.parametrize("near", [False, True])
def test_copies_are_found_however_many_share_them(course: Assignment, n: int, near: bool) -> None:
    others = varied(14)
    copies = [HEAD + (RENAMED if near and i % 2 else ODD) + near * f"    # {i}\n" for i in range(n)]

    pairs = find_pairs(course, handed(*copies, *others), 0.7)

    found = {pair.students for pair in pairs if pair.similarity > 0.95}
    assert {(f"s{i}", f"s{j}") for j in range(n) for i in range(j)} == found


def test_short_copies_with_a_comment_of_their_own_are_found(course: Assignment) -> None:
    short = HEAD + "    # as my aunt told me\n" + "".join(ODD.splitlines(True)[2:7])
    others = varied(14)

    assert 6 == len(find_pairs(course, handed(*[short] * 4, *others), 0.9))
    plain = short.replace("as my aunt told me", "")
    assert () == find_pairs(course, handed(*[plain] * 4, *others), 0.9)


def test_of_a_large_group_each_is_shown_beside_the_first(course: Assignment) -> None:
    class_ = handed(*[HEAD + ODD] * 9, *varied(14))

    pairs = [pair for pair in find_pairs(course, class_, 0.7) if "s0" in pair.students]

    assert [("s0", f"s{i}") for i in range(1, 9)] == [pair.students for pair in pairs]
    assert len(pairs) == len(find_pairs(course, class_, 0.95))


def test_what_is_read_and_shown_of_long_answers_has_limits(
    course: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from copydetect import detector, utils

    monkeypatch.setattr(similar, "LONGEST", 2000, raising=False)
    monkeypatch.setattr(similar, "MAX_LINES", 30, raising=False)
    monkeypatch.setattr(similar, "MAX_STEPS", 10, raising=False)
    read: list[int] = []
    filter_code = utils.filter_code

    def counted(code: str, *args: Any) -> Any:
        read.append(len(code))
        return filter_code(code, *args)

    monkeypatch.setattr(detector, "filter_code", counted)
    monkeypatch.setattr(utils, "filter_code", counted)
    long = HEAD + ODD + "    again = 1\n" * 90 + "  \n" * 900 + "    last = 2\n" * 9000

    (pair,) = find_pairs(course, handed(long, long.replace("again", "more")), 0.7)

    assert 2 * 30 + 4 == len(read)
    assert sum(read) < 20_000
    assert [31, 31] == [len(side) for side in pair.sides]
    assert f"… {len(long.splitlines()) - 30} more lines" == pair.sides[0][-1].text
    assert pair.sides[1][20].alike


def test_layout_is_taken_out_before_anything_is_read(course: Assignment) -> None:
    wide = "\n   \n\n".join(HEAD.splitlines() + ODD.splitlines()).replace(" = ", "   =\t")

    (pair,) = find_pairs(course, handed(HEAD + ODD, wide), 0.99)

    assert 1.0 == pair.similarity
    assert "x = 1\ny\n" == similar._compact("  \n \n x  =\t1\n\n  y \n ")


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
