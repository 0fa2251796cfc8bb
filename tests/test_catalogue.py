"""README shows every kata, between two comments and nowhere else."""

from __future__ import annotations

import pytest
from sample_suite import GRADER, Make

from dojo.catalogue import NoCatalogue, is_current, render, update
from dojo.suite import Suite

ROW = "| [scaled_sum](katas/basics/scaled_sum.py) | warmup | 5 | Add and scale. |"


def test_table_has_a_row_per_kata_below_its_topic(make_suite: Make) -> None:
    make_suite()
    suite = make_suite(id="sequence_labeling/other")

    lines = render(Suite(suite.root)).splitlines()

    assert ROW in lines
    assert lines.index("**basics**") < lines.index(ROW) < lines.index("**sequence labeling**")
    assert 2 == sum(line.startswith("| [") for line in lines)


def test_question_with_a_bar_stays_in_its_cell(make_suite: Make) -> None:
    suite = make_suite(grader=GRADER.replace("Add and scale.", "Compute |x|."))

    assert r"| Compute \|x\|. |" in render(suite)


def test_backslash_in_a_question_stays(make_suite: Make) -> None:
    suite = make_suite(grader=GRADER.replace("Add and scale.", r"Take \\log or \\1."))

    assert r"| Take \log or \1. |" in (suite.root / "README.md").read_text(encoding="utf-8")
    assert is_current(suite)


def test_readme_is_current_after_an_update_and_stale_after_a_change(make_suite: Make) -> None:
    suite = make_suite()
    assert is_current(suite)
    assert not update(suite)
    entry = suite.entries[0]
    entry.grader.write_text(GRADER.replace("minutes=5", "minutes=6"), encoding="utf-8")
    changed = Suite(suite.root)

    assert not is_current(changed)
    assert update(changed)
    assert is_current(changed)


def test_text_around_the_catalogue_stays(make_suite: Make) -> None:
    suite = make_suite()
    readme = suite.root / "README.md"
    readme.write_text(
        "Before \\1 \\g<0>\n<!-- catalogue -->\nold\n<!-- /catalogue -->\nAfter — é\n",
        encoding="utf-8",
    )

    update(suite)

    text = readme.read_text(encoding="utf-8")
    assert text.startswith("Before \\1 \\g<0>\n<!-- catalogue -->\n")
    assert text.endswith("<!-- /catalogue -->\nAfter — é\n")
    assert ROW in text
    assert "old" not in text


@pytest.mark.parametrize("text", [None, "# A suite\n", "<!-- catalogue -->\n"])
def test_readme_without_a_place_for_it_is_refused(make_suite: Make, text: str | None) -> None:
    suite = make_suite()
    readme = suite.root / "README.md"
    readme.unlink() if text is None else readme.write_text(text)

    assert not is_current(suite)
    with pytest.raises(NoCatalogue, match="write the two lines"):
        update(suite)
