"""Whatever bytes a learner's file holds, grading ends soon with a verdict and printable words."""

from __future__ import annotations

import codecs
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sample_suite import GRADER, README, SOLUTION

from dojo.engine import Engine
from dojo.grade import Grader
from dojo.mistakes import reference
from dojo.suite import Entry, Suite
from dojo.verdict import KataResult, Verdict

RIGHT = reference(SOLUTION)
SLACK = 25.0
"""Seconds that a verdict may take on a busy machine: nothing here runs for long."""


@pytest.fixture(scope="module")
def kata(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> tuple[Grader, Entry]:
    """A small kata and who grades it."""
    root = tmp_path_factory.mktemp("loader")
    for tree, text in (("solutions", RIGHT), ("graders", GRADER), ("katas", "")):
        path = root / tree / "basics" / "scaled_sum.py"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    (root / "README.md").write_text(README, encoding="utf-8")
    (entry,) = Suite(root).entries
    return Grader(engine, root / ".dojo" / "expected"), entry


def graded(kata: tuple[Grader, Entry], data: bytes) -> KataResult:
    """Grade a file of these bytes, and look at every word that comes of it."""
    grader, entry = kata
    entry.stub.write_bytes(data)
    start = time.monotonic()
    result = grader.grade(entry)
    assert time.monotonic() - start < SLACK
    cases = [text for case in result.cases for text in (case.summary, case.why, *case.details)]
    for text in (result.summary, *result.details, *result.doubts, *cases):
        assert all(c.isprintable() for c in text), repr(text[:200])
        assert len(text) < 2_000
    return result


PIECES = st.sampled_from(
    [b"def scaled_sum(x, y, scale=1.0):\n", b"    return x\n", b"\xef\xbb\xbf", b"\x00", b"\xff",
     b"\xed\xa0\x80", b"# coding: utf-7\n", b"# coding: latin-1\n", b"#!\n", b"\r", b"\x0c",
     b"(" * 300, b"[" * 60, b"'" * 3, b"'\\ud800'", b"'\\N{BELL}'", b"\\", b"\xc3\xa9 = 1\n",
     b"\t", b"        ", b"\xe2\x80\xae", b"x" * 5000, b"raise KeyError('\\x1b[31m')\n", b"\x1a",
     b"class scaled_sum: pass\n", b"1/0\n", b"lambda: ", b"async ", b"match x:\n", b"f'{", b"}'",
     b"if 1:\n", b"import torch\n", b"-" * 900]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=12).map(b"".join)))
@example(b"\x00" * 10)
@example(codecs.BOM_UTF8)
@example(codecs.BOM_UTF16_LE + "x = 1".encode("utf-16-le"))
@example(b"\xed\xa0\x80 = 1")
@example(b"x = '\\ud800'\nraise ValueError(x)")
@example(b"raise type('\\ud800', (Exception,), {})('\\udfff')")
@example(b"print('\\x00\\x1b[2J')\nraise SystemExit")
@example(b"(" * 10_000)
@example(b"x = " + b"-" * 100_000 + b"1")
@example(b"x = '" + b"a" * 1_000_000 + b"'")
@example(b"x = 1 # " + b"\xe2\x80\xae" * 300_000)
@example(b"\n" * 1_000_000)
@example(b"x = 1;" * 150_000)
@example(b"".join(b" " * n + b"if 1:\n" for n in range(99)))
@example(b"x = 1\r" * 1000 + b"raise KeyError")
@example(b"def scaled_sum(x, y, scale=1.0):\n\xa0return x")
@example(b"x = " + b"9" * 100_000)
@example(b"x = " + b"+".join([b"1"] * 30_000))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_bytes_end_with_a_verdict(kata: tuple[Grader, Entry], data: bytes) -> None:
    assert Verdict.PASSED != graded(kata, data).verdict


@pytest.mark.parametrize(
    "data",
    [
        RIGHT.encode(),
        codecs.BOM_UTF8 + RIGHT.encode(),
        RIGHT.replace("\n", "\r\n").encode(),
        b"# coding: utf-8\n" + RIGHT.encode(),
        RIGHT.encode() + b"\x0c\n# \xe2\x80\xae",
    ],
    ids=["as it is", "a mark of byte order", "lines of Windows", "a coding line", "odd characters"],
)
def test_right_file_passes_in_every_usual_form(kata: tuple[Grader, Entry], data: bytes) -> None:
    assert Verdict.PASSED == graded(kata, data).verdict


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"x = 1\ny = '\x00'", "NUL character in line 2"),
        (b"x = 1\ny = '\xe9'", "not UTF-8: line 2 has the byte 0xe9"),
        (codecs.BOM_UTF16_LE + "x = 1".encode("utf-16-le"), "not UTF-8"),
        (b"\xed\xa0\x80", "not UTF-8"),
        (b" \n\t\n", "is empty"),
        (b"#" * (2**20 + 1), "larger than 1 MiB"),
        (b"(" * 10_000, "does not parse"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(
    kata: tuple[Grader, Entry], data: bytes, words: str
) -> None:
    result = graded(kata, data)
    assert words in result.summary + " ".join(case.summary for case in result.cases)


def test_folder_in_place_of_a_file_is_said_in_words(
    kata: tuple[Grader, Entry], tmp_path: Path
) -> None:
    grader, entry = kata
    assert "cannot be read" in grader.grade(entry, tmp_path).summary
