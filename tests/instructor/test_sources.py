"""Answers are found in Python files and notebooks, named well or badly; nothing of them runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dojo.instructor.sources import Answer, Wanted, answers, decode_text, without_magics
from dojo.instructor.unpack import Unreadable

SOFTMAX = Wanted("basics/softmax", ("softmax",))
LSTM = Wanted("recurrent/lstm_cell", ("lstm_cell", "LSTMCell"))
BOTH = (SOFTMAX, LSTM)
CODE = "def softmax(x):\n    return x\n"
STAMP = "# dojo: hw1 0123456789 basics/softmax (leave this line as it is)\n"


def found(name: str, text: str | bytes, assignment: str = "hw1") -> dict[str, Answer]:
    data = text.encode() if isinstance(text, str) else text
    return {answer.kata: answer for answer in answers(name, data, BOTH, assignment)}


def notebook(*cells: str | dict[str, Any], **metadata: Any) -> str:
    made = [
        cell if isinstance(cell, dict) else {"cell_type": "code", "metadata": {}, "source": cell}
        for cell in cells
    ]
    return json.dumps({"nbformat": 4, "metadata": metadata, "cells": made})


def solution(grade_id: str, source: str) -> dict[str, Any]:
    meta = {"nbgrader": {"grade_id": grade_id, "solution": True, "grade": False, "locked": False}}
    return {"cell_type": "code", "metadata": meta, "source": source.splitlines(keepends=True)}


@pytest.mark.parametrize(
    "name",
    [
        "softmax.py",
        "softmax-1.py",
        "softmax (2).py",
        "Softmax.PY",
        "basics_softmax.py",
        "softmax-12-3.py",
    ],
)
def test_file_is_known_by_its_name_however_often_it_was_handed_in(name: str) -> None:
    assert 2 == found(name, CODE)["basics/softmax"].sure


def test_file_is_known_by_what_it_defines_where_its_name_says_nothing() -> None:
    text = CODE + "class LSTMCell:\n    pass\n"

    assert {"basics/softmax": 1, "recurrent/lstm_cell": 1} == {
        kata: answer.sure for kata, answer in found("final version.py", text).items()
    }
    assert {} == found("plot.py", "import softmax\nx = softmax(1)\n")


def test_file_that_does_not_parse_is_known_all_the_same() -> None:
    assert ["basics/softmax"] == list(found("x.py", "def softmax(x:\n  return ("))
    assert ["basics/softmax"] == list(found("softmax.py", "((("))


def test_stamp_counts_before_name_and_definitions_and_gives_the_version() -> None:
    answer = found("lstm_cell.py", STAMP + CODE + "def lstm_cell(): 'a helper'\n")

    assert ["basics/softmax"] == list(answer)
    assert (3, "0123456789") == (answer["basics/softmax"].sure, answer["basics/softmax"].version)


def test_file_of_another_assignment_is_said_to_be_one() -> None:
    with pytest.raises(Unreadable, match="belongs to the assignment hw1"):
        found("softmax.py", STAMP + CODE, assignment="hw2")


@pytest.mark.parametrize(
    "data",
    [
        CODE.encode(),
        b"\xef\xbb\xbf" + CODE.encode(),
        CODE.encode("utf-16"),
        CODE.replace("\n", "\r\n").encode(),
        b"# coding: latin-1\n# \xe9\n" + CODE.encode(),
        b"# coding: gbk\n# \xc4\xe3\n" + CODE.encode(),
    ],
)
def test_text_is_decoded_as_python_would_or_better(data: bytes) -> None:
    assert CODE in decode_text(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"x = 1\n# \xe9\n", "is not UTF-8: line 2 has the byte 0xe9; save it as UTF-8"),
        (b"# coding: unicode_escape\nx = 1", "declares the encoding unicode_escape"),
        (b"# coding: rot13\nk = 1", "declares the encoding rot13: save it as UTF-8"),
        (b"x = 1\0", "holds a NUL character"),
    ],
)
def test_text_that_is_none_says_so(data: bytes, expected: str) -> None:
    with pytest.raises(Unreadable, match=expected):
        decode_text(data)


def test_codec_that_rewrites_code_never_runs() -> None:
    with pytest.raises(Unreadable, match="declares the encoding"):
        decode_text(b"# coding: hex\n6465")


# --- notebooks ------------------------------------------------------------------------------------


def test_released_cell_is_the_answer_alone() -> None:
    text = notebook("import numpy as np", solution("basics-softmax", CODE), "def softmax(x): 1/0")

    assert CODE == found("hw1.ipynb", text)["basics/softmax"].text


def test_version_of_a_notebook_stands_in_its_metadata() -> None:
    text = notebook(solution("basics-softmax", CODE), dojo={"version": "0123456789"})

    assert "0123456789" == found("hw1.ipynb", text)["basics/softmax"].version


def test_other_cells_give_what_the_definition_uses_and_nothing_that_runs() -> None:
    text = notebook(
        "%matplotlib inline\nimport numpy as np\nimport torch",
        "SCALE = 2\nother = explode()",
        "def helper(x):\n    return SCALE * np.asarray(x)",
        "@torch.no_grad()\ndef softmax(x):\n    return helper(x)",
        "print(softmax([1]))\nassert False\nfor i in range(10**9): pass",
        "!pip install something",
    )

    answer = found("hw1.ipynb", text)["basics/softmax"].text

    assert (
        "import numpy as np\nimport torch\nSCALE = 2\ndef helper(x):\n"
        "    return SCALE * np.asarray(x)\n"
        "@torch.no_grad()\ndef softmax(x):\n    return helper(x)\n"
    ) == answer


def test_last_definition_counts_and_later_changes_of_it_too() -> None:
    text = notebook("def softmax(x): return 1", "def softmax(x): return 2", "softmax.name = 'mine'")
    namespace: dict[str, Any] = {}
    exec(found("hw1.ipynb", text)["basics/softmax"].text, namespace)

    assert (2, "mine") == (namespace["softmax"](0), namespace["softmax"].name)


def test_definition_that_does_not_parse_is_handed_over_as_it_is() -> None:
    text = notebook("import numpy", "def softmax(x:\n    return")

    assert "def softmax(x:\n    return" == found("hw1.ipynb", text)["basics/softmax"].text


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%time\nx = 1", "pass\nx = 1"),
        ("!ls\nif x:\n    %timeit f()", "pass\nif x:\n    pass"),
        ("x?\n?x\nfiles = !ls", "pass\npass\npass"),
        ("%%time\nx = 1", "x = 1"),
        ("%%bash\nrm -rf /", ""),
        ("x = (a\n  % b)", "x = (a\n  % b)"),
        ("'''\n%time\n!ls\n'''", "'''\n%time\n!ls\n'''"),
    ],
)
def test_magics_are_left_out_and_python_is_kept(cell: str, expected: str) -> None:
    assert expected == without_magics(cell)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b'{"cells": 1}',
        b'{"worksheets": [1]}',
    ],
)
def test_notebook_that_is_none_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"is not (a notebook|UTF-8)"):
        found("hw1.ipynb", data)


def test_odd_cells_do_no_harm() -> None:
    cells: list[Any] = [
        {"cell_type": "code"},
        {"cell_type": "code", "source": 5},
        {"cell_type": "code", "source": ["def softmax(x):\n", 3, "    return '\ud800'\n"]},
        {"cell_type": "code", "metadata": [], "source": "x"},
        {"cell_type": "markdown", "source": "def softmax"},
        5,
        None,
    ]
    text = json.dumps({"cells": cells})

    assert found("hw1.ipynb", text)["basics/softmax"].text.startswith("def softmax(x):")


def test_old_notebooks_are_read_too() -> None:
    cells = [{"cell_type": "code", "input": [CODE]}]
    text = json.dumps({"worksheets": [{"cells": cells}]})

    assert CODE == found("hw1.ipynb", text)["basics/softmax"].text
