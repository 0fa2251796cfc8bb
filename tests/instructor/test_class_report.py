"""The class report counts right, names nobody on the screen and needs nothing from anywhere."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from dojo.instructor.assignment import Assignment
from dojo.instructor.class_report import Belief, class_report, figures, mistakes
from dojo.instructor.grading import Graded, Mark
from dojo.verdict import CaseResult, KataResult, Verdict

KATA = "basics/scaled_sum"
DUE = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)


def one(student: str, earned: float, *whys: str, doubts: tuple[str, ...] = ()) -> Graded:
    verdict = Verdict.PASSED if earned == 6 else Verdict.WRONG
    cases = tuple(
        CaseResult(case=f"c{i}", title=f"fact {i}", verdict=Verdict.WRONG, why=why)
        for i, why in enumerate(whys)
    )
    cases += (CaseResult(case="ok", title="a fact that holds", verdict=Verdict.PASSED),)
    result = KataResult(kata=KATA, verdict=verdict, cases=cases, doubts=doubts)
    return Graded("hw1", "0123456789", student, (Mark(KATA, 6.0, earned, result),))


def absent(student: str) -> Graded:
    result = KataResult(kata=KATA, verdict=Verdict.NOT_STARTED)
    return Graded("hw1", "0123456789", student, (Mark(KATA, 6.0, 0.0, result),))


CLASS = [
    one("anna", 6.0),
    one("ben", 3.0, "Scale it.", "Scale it.", ""),
    one("carl", 0.0, "Scale it.", "Add it."),
    one("<b>dora</b>", 6.0, doubts=("line 3: <i>getattr</i>",)),
    absent("quentin"),
]


def test_counts_of_a_kata_add_up_to_the_class(hw: Assignment) -> None:
    (found,) = figures(hw, CLASS)

    assert (2, 1, 1, 1) == (found.right, found.part, found.wrong, found.none)
    assert 0.5 == found.mean
    assert [("fact 0", 0, 2), ("fact 1", 0, 2), ("fact 2", 0, 1)] == [
        (fact.title, fact.passed, fact.total) for fact in found.hardest
    ]


def test_a_mistake_counts_once_for_each_student() -> None:
    assert (Belief(KATA, "Scale it.", 2), Belief(KATA, "Add it.", 1)) == mistakes(CLASS)


class Page(HTMLParser):
    """The text of a page: what is on the screen, and what is folded away."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.folded, self._depth, self.tags = "", "", 0, set[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._depth += tag == "details"
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "details"

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.folded += data
        else:
            self.open += data


def test_page_names_nobody_on_the_screen(hw: Assignment) -> None:
    page = Page(class_report(hw, CLASS))

    assert not [name for name in ("anna", "ben", "carl", "dora", "quentin") if name in page.open]
    assert "<b>dora</b>" in page.folded and "quentin" in page.folded
    assert "line 3: <i>getattr</i>" in page.folded
    assert "Homework <one>" in page.open
    assert " ".join(page.open.split()).count("Scale it.") == 1
    assert not page.tags & {"b", "i", "script", "img", "link"} - {"b"}


def test_pictures_are_part_of_the_page_in_its_own_colours(hw: Assignment) -> None:
    html = class_report(hw, CLASS)

    assert 2 == html.count("<svg")
    assert "var(--right)" in html and "prefers-color-scheme: dark" in html
    assert not re.findall(r"#0[1-8]0[1-8]0[1-8]", html)
    assert not re.findall(r"(?:src|href)\s*=\s*[\"'](?!#)", html)
    assert not re.findall(r"url\((?!#)", html)
    assert html == class_report(hw, CLASS)


@pytest.mark.parametrize(("known", "expected"), [(2, 2), (4, 3)])
def test_times_are_drawn_where_enough_of_them_are_known(
    hw: Assignment, known: int, expected: int
) -> None:
    class_ = [
        replace(graded, submitted=DUE + timedelta(hours=5 * i - 8)) if i < known else graded
        for i, graded in enumerate(CLASS)
    ]

    assert expected == class_report(replace(hw, due=DUE), class_).count("<svg")


def test_one_student_and_an_empty_class_are_no_trouble(hw: Assignment) -> None:
    assert "1 submission" in class_report(hw, [absent("quentin")])
    assert "What went wrong" not in class_report(hw, [one("anna", 6.0)])
