"""The table of `nox -s bench`: what it says, and where it goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dojo.bench import MARKS, NO_AIM, PAGE, Figure, write_page
from dojo.suite import Suite

FIGURES = (
    Figure("a grade", 1.5, "import torch", 1.0, 1.25),
    Figure("a verdict", 0.02, "", 1.0, 0.03),
    Figure("the slowest", 0.5, "", 1.0, NO_AIM),
)


def test_aim_is_met_or_missed() -> None:
    assert [False, True, True] == [figure.met for figure in FIGURES]


def test_table_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{MARKS[0]}\nold\n{MARKS[1]}\n\nThe end.\n", encoding="utf-8")

    write_page(page, FIGURES)
    once = page.read_text(encoding="utf-8")
    write_page(page, FIGURES)

    assert once == page.read_text(encoding="utf-8")
    assert "old" not in once
    assert once.startswith("# Title\n\n") and once.endswith("\n\nThe end.\n")
    assert "| a grade | import torch | 1.5 | 1 | 1.500 | ≤ 1.25 |" in once
    assert "| the slowest | (seconds) | 0.5 |  | 0.500 |  |" in once


def test_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n", encoding="utf-8")

    with pytest.raises(SystemExit, match="lacks"):
        write_page(page, FIGURES)

    assert "nothing here\n" == page.read_text(encoding="utf-8")


def test_the_page_about_it_has_a_place_for_the_table() -> None:
    text = (Suite.locate(Path(__file__)).root / PAGE).read_text(encoding="utf-8")

    assert 0 < text.index(MARKS[0]) < text.index(MARKS[1])
