"""What people see is calm, whole at any width, and says a thing once."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from sample_suite import SOLUTION, Make

from dojo.report import (
    as_json,
    case_lines,
    make_console,
    make_table,
    show_full,
    show_hints,
    show_overview,
    show_solution,
    show_statement,
)
from dojo.suite import Entry, Suite
from dojo.verdict import CaseResult, KataResult, Verdict

WHY = "The second term is subtracted: add it."


class Screen(io.StringIO):
    """A terminal, as far as rich asks."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    """Return a console that nobody watches."""
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return make_console(io.StringIO())


@pytest.fixture
def suite(make_suite: Make) -> Suite:
    return make_suite()


@pytest.fixture
def entry(suite: Suite) -> Entry:
    return suite.entries[0]


def text(console: Console) -> str:
    stream = console.file
    return str(stream.getvalue())  # type: ignore[attr-defined]


def case(
    id: str = "output[n=3,m=4]",
    verdict: Verdict = Verdict.WRONG,
    title: str = "matches the equation",
    summary: str = "3 of 12 values differ",
    why: str = "",
    details: tuple[str, ...] = ("worst at (0, 1)", "x.x."),
) -> CaseResult:
    if verdict is Verdict.PASSED:
        return CaseResult(case=id, title=title, verdict=verdict, seconds=0.1)
    return CaseResult(
        case=id, title=title, verdict=verdict, summary=summary, why=why, details=details
    )


def graded(*cases: CaseResult, **fields: object) -> KataResult:
    worst = next((c.verdict for c in cases if c.verdict is not Verdict.PASSED), Verdict.PASSED)
    result = KataResult(kata="basics/scaled_sum", verdict=worst, cases=cases)
    return replace(result, **fields)  # type: ignore[arg-type]


PASSED = case(verdict=Verdict.PASSED)
FRESH = KataResult(kata="basics/scaled_sum", verdict=Verdict.NOT_STARTED)


# --- the console ----------------------------------------------------------------------------------


def test_console_that_nobody_watches_has_no_colour_and_a_fixed_width(console: Console) -> None:
    console.print("[bold]x[/bold] :smile:", style="red")

    assert "[bold]x[/bold] :smile:\n" == text(console)
    assert 100 == console.width


def test_width_that_is_asked_for_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "57")

    assert 57 == make_console(io.StringIO()).width


def test_no_line_ends_with_a_space(console: Console) -> None:
    table = make_table("a", "b")
    table.add_row("long " * 9, "words that get wrapped " * 9)
    table.add_row("", "")

    console.print(table)

    assert not [line for line in text(console).split("\n") if line.endswith(" ")]


# --- one kata in full -----------------------------------------------------------------------------


def test_solved_kata_lists_its_facts_and_the_next_step(console: Console, entry: Entry) -> None:
    show_full(console, entry, graded(PASSED, case("zero[n=2]", Verdict.PASSED, "refuses zero")))

    assert (
        "✓ basics/scaled_sum – all 2 cases pass\n"
        "  ✓ matches the equation\n"
        "  ✓ refuses zero\n"
        "  `dojo explain scaled_sum` shows the solution, and what is asked next.\n"
    ) == text(console)


def test_kata_that_is_not_started_says_where_to_write(console: Console, entry: Entry) -> None:
    show_full(console, entry, FRESH)

    assert (
        "· basics/scaled_sum – not started\n"
        "  Write it in `katas/basics/scaled_sum.py`.\n"
        "  `dojo show scaled_sum` shows what is asked.\n"
    ) == text(console)


def test_failure_shows_mistake_summary_sizes_and_one_line_of_evidence(
    console: Console, entry: Entry
) -> None:
    show_full(console, entry, graded(case(why=WHY)))

    assert (
        "✗ basics/scaled_sum – wrong\n"
        "  ✗ matches the equation\n"
        f"    This looks like: {WHY}\n"
        "    3 of 12 values differ\n"
        "      with n=3, m=4\n"
        "      worst at (0, 1)\n"
        "  Stuck? `dojo hint scaled_sum`\n"
    ) == text(console)


def test_failure_that_nothing_explains_shows_all_its_details(
    console: Console, entry: Entry
) -> None:
    show_full(console, entry, graded(case()))

    assert "      worst at (0, 1)\n      x.x.\n" in text(console)


def test_cases_of_one_title_stand_together_and_count(console: Console, entry: Entry) -> None:
    again = case("output[n=1]", summary="1 of 1 values differ", why=WHY)
    show_full(console, entry, graded(case(why=WHY), PASSED, again))

    assert "✗ matches the equation (1 of 3 cases pass)\n" in text(console)
    assert 1 == text(console).count(WHY)
    assert "      also with n=1\n" in text(console)
    assert "1 of 1 values" not in text(console)


def test_nothing_is_said_twice_under_another_title(console: Console, entry: Entry) -> None:
    cases = (
        case(why=WHY),
        case("float64[n=5]", title="keeps double precision", summary="5 of 5", why=WHY),
        case("a[n=1]", Verdict.RAISED, "a", "raises KeyError at line 3"),
        case("b[n=1]", Verdict.RAISED, "b", "raises KeyError at line 3"),
        case("c[n=1]", Verdict.RAISED, "c", "raises KeyError at line 4"),
    )
    show_full(console, entry, graded(*cases))

    assert "  ✗ keeps double precision\n    the same mistake\n" in text(console)
    assert "  ✗ b\n    raises KeyError at line 3\n  ✗ c\n" in text(console)
    assert 3 == text(console).count("worst at")


def test_different_troubles_below_one_title_are_all_shown(console: Console, entry: Entry) -> None:
    first, other, again = case(), case("output[n=2]", summary="other"), case("output[n=9]")
    show_full(console, entry, graded(first, other, again))

    lines = text(console).splitlines()
    assert "    other" in lines
    assert lines.index("      also with n=9") < lines.index("    other")


def test_file_that_could_not_run_says_why_once(console: Console, entry: Entry) -> None:
    cases = (case(summary="the file is empty", verdict=Verdict.NO_ANSWER),) * 3
    details = ("`dojo reset` brings the stub back",)
    show_full(console, entry, graded(*cases, summary="the file is empty", details=details))

    assert (
        "✗ basics/scaled_sum – no answer\n"
        "  the file is empty\n"
        "    `dojo reset` brings the stub back\n"
        "  Stuck? `dojo hint scaled_sum`\n"
    ) == text(console)


def test_caret_stays_below_its_place(console: Console, entry: Entry) -> None:
    details = ("scaled_sum.py:2", "  x = (1 +", "      ^")
    show_full(console, entry, graded(case(), summary="does not parse", details=details))

    assert "    scaled_sum.py:2\n      x = (1 +\n          ^\n" in text(console)


def test_printed_text_is_cut_in_both_directions(console: Console, entry: Entry) -> None:
    printed = "\n".join([f"line {n}" for n in range(40)]) + "\n"
    show_full(console, entry, graded(case(), printed="x" * 5000 + "\n" + printed))

    assert "Your code printed:\n" in text(console)
    assert "    line 10\n    … 29 more lines\n" in text(console)
    assert 159 + 2 == text(console).count("x")  # two stand in the details


def test_printed_text_of_a_right_answer_is_not_shown(console: Console, entry: Entry) -> None:
    show_full(console, entry, graded(PASSED, printed="debugging"))

    assert "debugging" not in text(console)


def test_size_of_endless_output_is_told(console: Console, entry: Entry) -> None:
    printed = "line\n" * 99 + "… (230.3 MB in all)"
    show_full(console, entry, graded(case(), printed=printed))

    assert "    line\n    … (230.3 MB in all)\n" in text(console)


def test_learners_text_is_never_markup(console: Console, entry: Entry) -> None:
    details = ("KeyError: [red]boo[/red] [/] :smile:",)
    show_full(console, entry, graded(case(details=details), printed="[bold]hm[/bold] [/x]"))

    assert "KeyError: [red]boo[/red] [/] :smile:" in text(console)
    assert "[bold]hm[/bold] [/x]" in text(console)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_every_word_is_there_at_any_width(entry: Entry, width: int) -> None:
    console = make_console(io.StringIO())
    console.width = width
    words = " ".join(f"word{n}" for n in range(60))
    show_full(console, entry, graded(case(title=words, summary=words, why=words, details=(words,))))

    lines = text(console).splitlines()
    assert max(map(len, lines)) <= width
    assert 4 * words.split() == [w for w in text(console).split() if w.startswith("word")]


def test_terminal_gets_colour_and_no_backticks(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    console = make_console(Screen())
    show_full(console, entry, graded(PASSED))

    assert "\x1b[32m✓\x1b[0m" in text(console)
    assert "\x1b[1mdojo explain scaled_sum\x1b[0m shows" in text(console)


# --- all katas ------------------------------------------------------------------------------------


def test_overview_counts_by_topic(console: Console, make_suite: Make) -> None:
    make_suite()
    make_suite(id="basics/another")
    suite = Suite(make_suite(id="losses/third").root)
    results = [
        KataResult(kata="basics/scaled_sum", verdict=Verdict.PASSED, cases=(PASSED,)),
        KataResult(kata="basics/another", verdict=Verdict.NOT_STARTED),
        KataResult(kata="losses/third", verdict=Verdict.WRONG, cases=(case(),)),
    ]
    show_overview(console, suite, results)

    assert [
        ["topic", "solved", "failing", "not", "started"],
        ["basics", "1", "–", "1"],
        ["losses", "–", "1", "–"],
        ["all", "1", "1", "1"],
    ] == [line.split() for line in text(console).splitlines()[:4]]


def test_overview_names_what_fails_and_how_to_go_on(console: Console, suite: Suite) -> None:
    show_overview(console, suite, [graded(PASSED, case(why=WHY))])

    assert (
        "✗ basics/scaled_sum – wrong, 1 of 2 cases pass\n"
        f"  {WHY}\n"
        "\n"
        "Next: Scaled sum, 5 minutes\n"
        "  mend    katas/basics/scaled_sum.py\n"
        "  grade   nox -s grade -- scaled_sum\n"
        "  stuck?  dojo hint scaled_sum\n"
    ) in text(console)


def test_overview_without_a_known_mistake_says_what_does_not_hold(
    console: Console, suite: Suite
) -> None:
    show_overview(console, suite, [graded(case())])

    assert "  matches the equation: 3 of 12 values differ\n" in text(console)


def test_overview_of_a_fresh_clone_says_where_to_begin(console: Console, suite: Suite) -> None:
    show_overview(console, suite, [FRESH])

    assert text(console).endswith(
        "Next: Scaled sum, 5 minutes\n"
        "  write   katas/basics/scaled_sum.py\n"
        "  grade   nox -s grade -- scaled_sum\n"
    )


def test_what_fails_comes_before_what_is_not_started(console: Console, make_suite: Make) -> None:
    make_suite()
    suite = Suite(make_suite(id="losses/third").root)
    third = KataResult(kata="losses/third", verdict=Verdict.RAISED, cases=(case(),))
    show_overview(console, suite, [FRESH, third])

    assert "  mend    katas/losses/third.py\n" in text(console)


def test_overview_of_solved_katas_is_done(console: Console, suite: Suite) -> None:
    show_overview(console, suite, [graded(PASSED)])

    assert text(console).endswith("\nEverything is solved.\n")


def test_overview_of_nothing_says_so(console: Console, tmp_path: Path) -> None:
    show_overview(console, Suite(tmp_path), [])

    assert text(console).endswith("There is no kata yet.\n")


# --- other pages ----------------------------------------------------------------------------------


def test_statement_is_shown_with_the_question_in_both_languages(
    console: Console, entry: Entry
) -> None:
    show_statement(console, entry)

    shown = text(console)
    assert shown.startswith(
        "basics/scaled_sum – warmup, 5 minutes\nAdd and scale.\n相加再缩放。\n\n"
    )
    assert f"\n\n{entry.statement}\n\n" in shown
    assert shown.endswith("Write it in `katas/basics/scaled_sum.py`\n")


def test_prose_is_reflowed_where_it_is_too_wide_and_examples_stay(
    console: Console, make_suite: Make
) -> None:
    prose = "Each of these two lines is of such a length\nthat it does not fit the screen at all."
    listed = "- The first of the points is rather long as well\n- b"
    statement = f"Sum.\n\n{prose}\n\n    y = x\n\n{listed}\n\n>>> 1 +  1\n2"
    suite = make_suite(f'"""{statement}\n"""\n' + SOLUTION.split('"""', 2)[2])
    console.width = 40

    show_statement(console, suite.entries[0])

    assert (
        "Each of these two lines is of such a\nlength that it does not fit the screen\nat all.\n"
        "\n    y = x\n\n- The first of the points is rather long\nas well\n- b\n\n>>> 1 +  1\n2\n"
    ) in text(console)


def test_hints_come_one_by_one(console: Console, entry: Entry) -> None:
    show_hints(console, entry, 1)

    assert "1. Add.\n2. Then scale.\n1 more: run this again.\n" == text(console)


@pytest.mark.parametrize("seen", [2, 3])
def test_last_hint_names_the_way_out(console: Console, entry: Entry, seen: int) -> None:
    show_hints(console, entry, seen)

    assert (
        "1. Add.\n2. Then scale.\n3. Check the scale first.\n"
        "That was the last. `dojo explain scaled_sum --now` shows the solution.\n"
    ) == text(console)


def test_solution_is_shown_as_it_stands_with_questions_and_answers(
    console: Console, entry: Entry
) -> None:
    show_solution(console, entry)

    shown = text(console)
    assert shown.startswith(SOLUTION)
    assert shown.endswith("\nWhat does it cost?\n  One pass.\n\nSource: Arithmetic\n")


# --- machines -------------------------------------------------------------------------------------


def test_json_counts_and_lists() -> None:
    other = KataResult(kata="a/b", verdict=Verdict.PASSED, cases=(PASSED,), seconds=0.123456)

    found = as_json([graded(case(why=WHY)), other, FRESH])

    assert (1, 1, 1, 1) == tuple(
        found[name] for name in ("version", "solved", "failing", "not_started")
    )
    assert ["basics/scaled_sum", "a/b", "basics/scaled_sum"] == [k["kata"] for k in found["katas"]]
    assert WHY == found["katas"][0]["cases"][0]["why"]
    assert 0.1235 == found["katas"][1]["seconds"]


def test_kata_that_is_not_started_has_no_cases_in_json() -> None:
    """Even if its file was touched, so that every case ran into the stub."""
    touched = replace(graded(case()), verdict=Verdict.NOT_STARTED)

    (found,) = as_json([touched])["katas"]

    assert (0, 0, []) == (found["passed"], found["total"], found["cases"])


def test_json_page_describes_every_field_and_no_other() -> None:
    page = (Path(__file__).parent.parent / "docs" / "json.md").read_text(encoding="utf-8")
    top, kata, one = page.split("| field | type | meaning |")[1:]
    found = as_json([graded(case())])

    for table, value in (
        (top, found),
        (kata, found["katas"][0]),
        (one, found["katas"][0]["cases"][0]),
    ):
        rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `")]
        documented = {
            name.strip().strip("`"): kind.strip()
            for names, kind in rows
            for name in names.split(",")
        }
        assert set(documented) == set(value)
        kinds = {"int": int, "str": str, "float": float, "list": list, "list of str": list}
        assert all(isinstance(value[name], kinds[kind]) for name, kind in documented.items())


def test_json_page_names_every_verdict() -> None:
    page = (Path(__file__).parent.parent / "docs" / "json.md").read_text(encoding="utf-8")

    assert not [verdict for verdict in Verdict if f"`{verdict}`" not in page]


def test_lines_for_pytest_begin_with_the_mistake() -> None:
    result = graded(case(why=WHY), printed="hello\n")

    assert [
        f"This looks like: {WHY}",
        "3 of 12 values differ",
        "  worst at (0, 1)",
        "Your code printed:",
        "  hello",
    ] == case_lines(result.cases[0], result)


def test_lines_for_pytest_of_a_file_that_could_not_run_say_why() -> None:
    result = graded(case(), summary="does not parse", details=("a.py:1",))

    assert ["does not parse", "  a.py:1"] == case_lines(result.cases[0], result)
