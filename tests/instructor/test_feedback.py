"""Feedback teaches, and shows nothing of hidden cases and nothing that a submission controls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample_suite import SOLUTION

from dojo.instructor.assignment import Assignment
from dojo.instructor.feedback import breakdown_html, facts, feedback_html, feedback_text, quiet
from dojo.instructor.grading import Graded, Graders, Submission, grade_submission
from dojo.mistakes import find_mistakes
from dojo.verdict import CaseResult, KataResult, Verdict

KATA = "basics/scaled_sum"
MISTAKES = find_mistakes(SOLUTION)
HOSTILE = """
EVIL = "</pre><script>alert('SECRET')</script>"
print(EVIL)
def scaled_sum(x, y, scale=1.0):
    raise type("Secret" + "Error", (Exception,), {})(EVIL + repr(x))
"""


def grade(graders: Graders, hw: Assignment, text: str, student: str = "Zoë") -> Graded:
    notes = ("“<b>SECRET</b>.py” is not UTF-8",)
    return grade_submission(graders, hw, Submission(student, {KATA: text}, notes))


def pages(hw: Assignment, graded: Graded) -> tuple[str, str, str]:
    fragment = breakdown_html(hw.parts[0], graded.marks[0])
    return feedback_html(hw, graded), feedback_text(hw, graded), fragment


def test_each_title_has_its_verdict_and_the_diagnosis_is_said(
    graders: Graders, hw: Assignment
) -> None:
    for page in pages(hw, grade(graders, hw, MISTAKES[3].source)):
        flat = " ".join(page.split())
        assert "The precision is lost: keep the dtype of the input." in flat
        assert "matches the equation" in flat
        assert "keeps double precision" in flat
        assert "4 of 6" in flat


def test_hidden_cases_show_no_size_value_or_detail(graders: Graders, hw: Assignment) -> None:
    graded = grade(graders, hw, MISTAKES[1].source)
    details = [line for case in graded.marks[0].result.cases for line in case.details]
    assert any("expected" in line for line in details)

    for page in pages(hw, graded):
        assert not [line for line in details if line in page]
        assert not [case for case in graded.marks[0].result.cases if case.case in page]
        assert "=2.5" not in page and "expected" not in page


def test_shown_case_has_its_sizes_and_details_escaped(graders: Graders, hw: Assignment) -> None:
    part = replace(hw.parts[0], shown=("matches the equation",))
    shown = replace(hw, parts=(part,))
    graded = grade(graders, hw, HOSTILE)

    html, text, fragment = pages(shown, graded)

    assert "output[n=3,m=4,scale=2.5]" in html and "output[n=3,m=4,scale=2.5]" in text
    assert "&lt;script&gt;alert(&#39;SECRET&#39;)" in html
    assert "&lt;script&gt;alert(&#39;SECRET&#39;)" in fragment
    assert "<script>alert" not in html + fragment


def test_text_of_a_submission_is_not_shown_for_hidden_cases(
    graders: Graders, hw: Assignment
) -> None:
    html, text, fragment = pages(hw, grade(graders, hw, HOSTILE, "<img src=x onerror=alert(1)>"))

    assert "SecretError" not in html + text + fragment
    assert "alert(&#39;SECRET" not in html + fragment and "alert('SECRET" not in text
    assert "&lt;b&gt;SECRET&lt;/b&gt;" in html  # the name of the student's own file, escaped
    assert "<img" not in html and "&lt;img" in html
    assert "Homework &lt;one&gt;" in html


def test_page_needs_nothing_from_anywhere(graders: Graders, hw: Assignment) -> None:
    html = feedback_html(hw, grade(graders, hw, MISTAKES[1].source))

    assert "http" not in html.replace("http-equiv", "")
    assert "default-src 'none'" in html
    assert "prefers-color-scheme: dark" in html


def test_late_work_says_what_it_lost(graders: Graders, hw: Assignment) -> None:
    graded = replace(grade(graders, hw, MISTAKES[3].source), kept=0.9, late=True)

    html, text, _ = pages(hw, graded)

    assert "90 % of the points count" in html and "90 % of the points count" in text
    assert "3.6 of 6" in html and "3.6 of 6" in text


def test_text_is_at_most_eighty_columns_wide(graders: Graders, hw: Assignment) -> None:
    text = feedback_text(hw, grade(graders, hw, MISTAKES[1].source))

    assert not [line for line in text.splitlines() if len(line) > 80 or line != line.rstrip()]


def test_chinese_feedback_has_chinese_words(graders: Graders, hw: Assignment) -> None:
    chinese = replace(hw, language="zh")
    html, text, _ = pages(chinese, grade(graders, hw, MISTAKES[1].source))

    assert 'lang="zh"' in html
    assert "错误" in html and "看起来像是" in text


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("2 of 6 values differ", "some values differ"),
        ("all values differ", "all values differ"),
        (
            "expected array (B=2, T=5, d_model=12), got array (2, 12, 5)",
            "expected array (B, T, d_model), got array of another shape",
        ),
        ("`w1` has shape (5, 3), expected (3, 5)", "`w1` has shape (…, …)"),
        ("expected float32, got float64", "expected float32, got float64"),
        ("every value is 2.83 = √8 times too large; 2 of 6 values differ", "some values differ"),
        ("raises ValueError at line 12", "raises ValueError at line 12"),
        ("raises ValueError at line 123456", "raises ValueError at line …"),
        ("some values differ, none at index 3 of axis 1 (T)", "some values differ"),
        ("no answer in time", "no answer in time"),
    ],
)
def test_numbers_are_taken_out_of_summaries(summary: str, expected: str) -> None:
    found = quiet(summary)

    assert expected == found or (expected.startswith("`w1`") and "5" not in found)


def test_a_title_is_told_by_its_worst_and_counts_its_forms(hw: Assignment) -> None:
    cases = (
        CaseResult(case="a[n=1]", title="a", verdict=Verdict.PASSED),
        CaseResult(case="a[n=2]", title="a", verdict=Verdict.RAISED, why="w", summary="s"),
        CaseResult(case="b", title="b", verdict=Verdict.PASSED),
    )
    result = KataResult(kata=KATA, verdict=Verdict.RAISED, cases=cases)
    from dojo.instructor.grading import Mark

    a, b = facts(hw.parts[0], Mark(KATA, 2.0, 1.0, result))

    assert (Verdict.RAISED, 1, 2, ("w",), "s") == (
        a.verdict,
        a.n_passed,
        a.n_cases,
        a.why,
        a.summary,
    )
    assert (Verdict.PASSED, ()) == (b.verdict, b.why)
