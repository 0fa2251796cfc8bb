"""A translation says what the English says, falls back to it, and fits the terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from sample_suite import GRADER, SOLUTION, Make

from dojo.laws import audit_suite
from dojo.report import make_console, show_full, show_hints, show_solution, show_statement
from dojo.suite import Entry, Suite
from dojo.translations import (
    TranslationError,
    draft,
    faults,
    preferred,
    words,
)
from dojo.verdict import CaseResult, KataResult, Verdict
from dojo.wrapping import NEVER_FIRST, NEVER_LAST, Wrapped, fitted, wrap

ROOT = Path(__file__).resolve().parents[1]
TRANSLATED = sorted(
    path.relative_to(ROOT / "translations" / "zh").with_suffix("").as_posix()
    for path in (ROOT / "translations" / "zh").rglob("*.toml")
)
WHY = "The scale is left out: multiply by it."


@pytest.fixture
def entry(make_suite: Make) -> Entry:
    """A kata with a translation of everything in it."""
    entry = make_suite().entries[0]
    path, text, filled, total = draft(entry, "zh")
    assert (0, 11) == (filled, total)
    path.parent.mkdir(parents=True)
    for key, translation in {
        'title = ""': 'title = "缩放求和"',
        'statement = ""': "statement = '''\n返回 scale · (x + y)。\n'''",
        '"Add." = ""': '"Add." = "相加。"',
        '"What does it cost?" = ""': '"What does it cost?" = "开销是多少？"',
        f'"{WHY}" = ""': f'"{WHY}" = "漏掉了缩放：乘以 scale。"',
    }.items():
        assert key in text
        text = text.replace(key, translation)
    path.write_text(text, encoding="utf-8")
    return entry


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def reread(entry: Entry) -> Entry:
    return Entry(entry.id, entry.root)


def file(entry: Entry) -> Path:
    return entry.root / "translations" / "zh" / f"{entry.id}.toml"


# --- texts ----------------------------------------------------------------------------------------


def test_what_is_translated_is_chinese_and_the_rest_is_english(entry: Entry) -> None:
    said = words(entry, "zh")

    assert ("缩放求和", "相加再缩放。") == (said.title, said.asked)
    assert ("相加。", "Then scale.", "Check the scale first.") == said.hints
    assert (("开销是多少？", "One pass."),) == said.follow_ups
    assert "漏掉了缩放：乘以 scale。" == said.why(WHY)
    assert "Another one." == said.why("Another one.")


def test_examples_follow_the_translated_statement(entry: Entry) -> None:
    assert (
        "缩放求和。\n\n返回 scale · (x + y)。\n\n"
        ">>> scaled_sum(torch.tensor([1.0]), torch.tensor([2.0]), scale=2.0)\ntensor([6.])"
    ) == words(entry, "zh").statement


def test_kata_without_a_translation_is_english_but_for_its_question(make_suite: Make) -> None:
    entry = make_suite().entries[0]

    said = words(entry, "zh")

    assert (entry.title, "相加再缩放。", entry.statement) == (
        said.title,
        said.asked,
        said.statement,
    )
    assert entry.meta.hints == said.hints
    assert [] == list(faults(entry, "zh"))


def test_english_is_what_the_kata_says(entry: Entry) -> None:
    said = words(entry)

    assert (entry.title, entry.meta.asked, entry.statement, entry.meta.hints) == (
        said.title,
        said.asked,
        said.statement,
        said.hints,
    )


# --- out of date ----------------------------------------------------------------------------------


def test_current_translation_has_no_fault(entry: Entry) -> None:
    assert [] == list(faults(entry, "zh"))


def test_changed_statement_falls_back_and_is_a_fault(entry: Entry) -> None:
    edit(entry.solution, "Return scale · (x + y).", "Return scale · (x − y).")
    entry = reread(entry)

    said, found = words(entry, "zh"), list(faults(entry, "zh"))

    assert (entry.title, entry.statement) == (said.title, said.statement)
    assert "相加。" == said.hints[0]
    assert 1 == len(found)
    assert "the English statement has changed" in found[0]
    new = found[0].partition('statement_of = "')[2].removesuffix('"')
    edit(file(entry), file(entry).read_text("utf-8").split('"')[3], new)
    assert [] == list(faults(entry, "zh"))


def test_reflowed_statement_and_changed_examples_change_nothing(entry: Entry) -> None:
    edit(entry.solution, "Return scale · (x + y).", "Return scale ·\n(x + y).")
    edit(entry.solution, "tensor([6.])", "tensor([6.0])")

    assert [] == list(faults(reread(entry), "zh"))


@pytest.mark.parametrize(
    ("tree", "old", "new", "section"),
    [
        ("graders", '"Add."', '"Sum."', "hints"),
        ("graders", '"One pass."', '"Two passes."', "follow_ups"),
        ("solutions", WHY, "Other words.", "mistakes"),
    ],
)
def test_changed_text_is_english_again_and_a_fault(
    entry: Entry, tree: str, old: str, new: str, section: str
) -> None:
    edit(entry.root / tree / f"{entry.id}.py", old, new)

    (found,) = faults(reread(entry), "zh")

    assert f"[{section}] translates a text that is gone" in found
    assert f"`dojo translate {entry.id}`" in found
    assert new.strip('"') in (*words(reread(entry), "zh").hints, "Two passes.", "Other words.")


def test_draft_keeps_what_is_translated_and_sets_aside_what_is_gone(entry: Entry) -> None:
    edit(entry.grader, '"Add."', '"Sum."')
    entry = reread(entry)

    path, text, filled, _ = draft(entry, "zh")
    path.write_text(text, encoding="utf-8")

    assert '"Sum." = ""' in text
    assert '[gone]\n"Add." = "相加。"' in text
    assert "漏掉了缩放" in text
    assert 4 == filled
    assert ["[gone] holds 1 texts: use them above or delete them"] == [
        found.partition(": ")[2] for found in faults(entry, "zh")
    ]
    assert text == draft(entry, "zh")[1]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("title = \n", "cannot be read"),
        ("tittle = 'x'\n", "'tittle' is no part of a translation"),
        ("title = 3\n", "'title' is no part of a translation"),
        ("[hints]\n'Add.' = ['x']\n", "'hints' is no part of a translation"),
        ("hints = 'x'\n", "'hints' is no part of a translation"),
    ],
)
def test_file_that_is_no_translation_is_named(entry: Entry, text: str, advice: str) -> None:
    file(entry).write_text(text, encoding="utf-8")

    with pytest.raises(TranslationError, match=r"translations/zh/basics/scaled_sum\.toml") as error:
        words(entry, "zh")

    assert advice in str(error.value)


def test_translation_of_no_kata_breaks_a_law(entry: Entry) -> None:
    suite = Suite(entry.root)
    assert not [found for found in audit_suite(suite) if "ranslation" in found.law]
    file(entry).with_name("gone.toml").write_text("")
    (entry.root / "translations" / "fr").mkdir()
    (entry.root / "translations" / "fr" / "x.toml").write_text("")

    found = [found.kata for found in audit_suite(suite) if "ranslation" in found.law]

    assert ["translations/fr/x.toml", "translations/zh/basics/gone.toml"] == found


def test_suite_has_translations_and_all_are_current() -> None:
    assert 5 <= len(TRANSLATED)
    assert [] == [fault for id in TRANSLATED for fault in faults(Entry(id, ROOT), "zh")]


# --- which language -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_ALL": "", "LC_MESSAGES": "zh_CN"}, "zh"),
    ],
)
def test_environment_chooses_the_language(environment: dict[str, str], language: str) -> None:
    assert language == preferred(environment)


# --- the terminal ---------------------------------------------------------------------------------

MIXED = "输出的形状为 (B, T, d_model)，与输入的 dtype 相同；（不要）修改 `x`。softmax 要自己写！"


@pytest.mark.parametrize("width", [12, 20, 33, 80])
def test_mixed_text_keeps_to_the_width_and_loses_nothing(width: int) -> None:
    lines = wrap(MIXED, width)

    assert max(map(cell_len, lines)) <= width
    assert MIXED.replace(" ", "") == "".join(lines).replace(" ", "")
    assert not [line for line in lines if line[0] in NEVER_FIRST or line[-1] in NEVER_LAST]


def test_lines_are_as_full_as_they_can_be() -> None:
    assert ["一二三四五", "六七"] == wrap("一二三四五六七", 10)
    assert ["一二三四", "五，六"] == wrap("一二三四五，六", 10)
    assert ["  一二", "  三"] == wrap("  一二三", 6)
    assert ["一二 abc", "def 三"] == wrap("一二 abc def 三", 8)


def test_narrow_text_is_left_to_the_console() -> None:
    text = "a b c " * 40

    assert text == fitted(text, 10)


def test_wide_text_fits_a_column() -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("kata", no_wrap=True)
    table.add_column("question")
    table.add_row("attention/self_attention", Wrapped(MIXED))
    console = Console(file=io.StringIO(), width=50)
    console.print(table)

    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]

    assert max(map(cell_len, lines)) <= 50
    assert 3 < len(lines) < 7


@pytest.mark.parametrize("id", TRANSLATED)
def test_every_page_of_a_translated_kata_fits_eighty_columns(id: str) -> None:
    entry = Entry(id, ROOT)
    said = words(entry, "zh")
    why = next(iter(said.mistakes))
    failed = CaseResult(case="a[B=2]", title="is right", verdict=Verdict.WRONG, why=why)
    passed = CaseResult(case="b", title="is right too", verdict=Verdict.PASSED)
    result = KataResult(kata=id, verdict=Verdict.WRONG, cases=(failed, passed))
    stream = io.StringIO()
    console = make_console(stream)
    console.width = 80

    show_statement(console, entry, said)
    show_hints(console, entry, 2, said)
    show_full(console, entry, result, said)
    pages = stream.getvalue()
    source = len(pages)
    show_solution(console, entry, said)  # The solution itself is as wide as it is.
    pages += stream.getvalue()[source:].partition(entry.solution.read_text("utf-8"))[2]

    assert [] == [line for line in pages.splitlines() if cell_len(line) > 80]
    for text in (said.title, said.asked, *said.hints, said.why(why), *said.follow_ups[0]):
        assert "".join(text.split()) in "".join(pages.split())
    assert all(said.why(english) != english for english in said.mistakes)
    assert "很可能是这个错误" in pages
    assert "2 个用例通过 1 个" in pages


def test_sample_texts_stand_where_this_file_looks_for_them() -> None:
    assert WHY in SOLUTION
    assert '"Add."' in GRADER
