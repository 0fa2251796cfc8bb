"""Answers are found in Python files and notebooks, named well or badly; nothing of them runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dojo.grade import MAX_SOURCE
from dojo.instructor.sources import (
    Allowance,
    Answer,
    Wanted,
    answers,
    decode_text,
    without_magics,
)
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


# --- hostile: where something was quadratic, the sizes here would take it minutes -----------------


def test_many_cell_magics_are_left_out_one_after_the_other() -> None:
    assert "x = 1" == without_magics("%%time\n" * 100_000 + "x = 1")
    assert "x = 1" == without_magics("\n %%time -q\n\n%%capture out\nx = 1")
    assert "" == without_magics("%%time\n%%bash\nx = 1")


def test_empty_lines_take_no_time() -> None:
    text = "x = 1" + "\n" * 400_000 + "y ="

    assert text == without_magics(text)


def test_what_is_too_long_to_be_graded_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    from dojo import syntax

    def parse(text: str, parse: Any = syntax.parse) -> Any:
        assert len(text) <= MAX_SOURCE
        return parse(text)

    for place in ("dojo.syntax.parse", "dojo.instructor.sources.syntax.parse"):
        monkeypatch.setattr(place, parse)
    text = "%time\n" + "x = 1\n" * (MAX_SOURCE // 6 + 1)
    both = (solution("basics-softmax", CODE), solution("recurrent-lstm_cell", "LSTMCell = 1"))

    assert text == without_magics(text)
    assert 2 == len(found("hw1.ipynb", notebook(*both, text)))
    for cell in (solution("basics-softmax", text), text):
        with pytest.raises(Unreadable, match="holds more than 1 MiB of code"):
            found("hw1.ipynb", notebook(cell))


def test_cells_that_are_no_answer_are_read_once_for_all_katas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dojo import syntax

    parsed = []
    monkeypatch.setattr(
        syntax, "parse", lambda text, parse=syntax.parse: parsed.append(text) or parse(text)
    )
    text = notebook(
        solution("basics-softmax", CODE), solution("recurrent-lstm_cell", "LSTMCell = 1"), "x = 1"
    )

    assert 2 == len(found("hw1.ipynb", text))
    assert 1 == parsed.count("x = 1")


def test_statement_is_taken_over_as_it_is_written() -> None:
    text = notebook("softmax = é; é = ('é',\n    'ü'); y = 2 # ü\n@é\ndef f(): return 'é' # no\n")

    assert "softmax = é\né = ('é',\n    'ü')\n" == found("hw1.ipynb", text)["basics/softmax"].text
    text = notebook("@é\ndef softmax():\n    return 'é' # no\n")
    expected = "@é\ndef softmax():\n    return 'é'\n"
    assert expected == found("hw1.ipynb", text)["basics/softmax"].text


@pytest.mark.parametrize("tail", [" # é", ""])
def test_long_chain_of_attributes_is_read(tail: str) -> None:
    long = "a" + ".b" * 900

    for text in (f"softmax = {long}", f"softmax = a\n{long} = 1"):
        answer = found("hw1.ipynb", notebook(f"{text}{tail}\n"))
        assert f"{text}\n" == answer["basics/softmax"].text


def test_lines_end_where_python_says() -> None:
    text = found("hw1.ipynb", notebook("softmax = 2\rx = 1\r\ny = 3"))["basics/softmax"].text

    assert "softmax = 2\n" == text


def test_chain_of_names_is_followed_in_time_that_grows_with_its_length() -> None:
    n = 30_000
    chain = "a0 = 1\n" + "".join(f"a{i + 1} = a{i}\n" for i in range(n)) + f"softmax = a{n}\n"

    assert chain == found("hw1.ipynb", notebook(chain))["basics/softmax"].text


def test_file_is_measured_before_anything_is_made_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dojo.instructor.sources.decode_text", None)

    with pytest.raises(Unreadable, match="holds more than 1 MiB of code"):
        found("softmax.py", b"#" * (MAX_SOURCE + 1))


def test_code_of_one_student_is_looked_at_up_to_a_limit() -> None:
    allowance = Allowance(3 * len(CODE))
    files = [("softmax.py", CODE), ("a.ipynb", notebook(CODE)), ("b.py", CODE)]

    for name, text in files[:2]:
        assert list(answers(name, text.encode(), BOTH, "hw1", allowance))
    with pytest.raises(Unreadable, match="was not looked at: it is too much code in all"):
        list(answers("b.py", CODE.encode(), BOTH, "hw1", allowance))
