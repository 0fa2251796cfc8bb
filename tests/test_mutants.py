"""Mechanical mutants: what is mutated, what counts as one, and who survives."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_suite import Make

from dojo.engine import Engine
from dojo.grade import differs
from dojo.mutants import _report, explanations, main, mutants, survivors
from dojo.reference import Key, References
from dojo.trouble import Trouble

SOURCE = '''"""A statement."""


def area(a: int | float, b: float = 2.0) -> float:
    """Return a + b."""
    if a < 0:
        return 0.0
    return a * b
'''

INCREMENT = '"""Statement.\n\n>>> f(1)\n2\n"""\n\n\ndef f(x):\n    return x + 1\n'
CASE = '''
from dojo import Kata, case

kata = Kata(
    minutes=5,
    level="warmup",
    asked="Add.",
    asked_zh="加。",
    hints=("a", "b", "c"),
    follow_ups={"a?": "a", "b?": "b", "c?": "c"},
    source="us",
)


@case(x=1.5)
def value(kata, draw, x):
    """adds"""
    return kata.f(x)
'''


def test_every_kind_of_statement_is_changed() -> None:
    changes = {mutant.change for mutant in mutants(SOURCE)}

    assert "return a * b → return a / b" in changes
    assert "if a < 0: → if a <= 0:" in changes
    assert any(change.startswith("def area(") and "3.0" in change for change in changes)


def test_annotations_and_docstrings_are_no_mutants() -> None:
    assert not [m for m in mutants(SOURCE) if "int & float" in m.change or m.line in (1, 5)]


def test_no_two_mutants_are_the_same() -> None:
    sources = [mutant.source for mutant in mutants(SOURCE)]

    assert len(set(sources)) == len(sources)


def test_weak_cases_let_mutants_survive_and_sharp_ones_do_not(
    make_suite: Make, engine: Engine, tmp_path: Path
) -> None:
    def alive(x: int) -> set[str]:
        suite = make_suite(INCREMENT, CASE.replace("1.5", str(x)))
        references = References(engine, tmp_path / ".dojo")

        def passes(key: Key, source: str) -> bool:
            cases = references.record(key).cases
            answers = references.observe(key, source, [case.limit for case in cases])
            return not any(map(differs, key.specs, cases, answers))

        tally = survivors(suite.entries[0], passes)
        assert tally.tried > 5
        return {mutant.change for mutant in tally.survived}

    assert "return x + 1 → return x | 1" in alive(2)  # 2 + 1 == 2 | 1
    assert "return x + 1 → return x | 1" not in alive(3)


def test_survivor_without_a_reason_and_reason_without_a_survivor_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from dojo.mutants import Mutant, Tally

    tally = Tally("a/b", 3, (Mutant("x → y", 4, ""), Mutant("p → q", 5, "")))

    assert [
        "a/b:4 survives: x → y",
        "a/b: explained, but caught or gone: old → gone",
    ] == _report(tally, {"p → q": "the same", "old → gone": "once"})
    assert "1 explained, 1 open" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_is_printed_and_nothing_runs(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([option])

    assert 0 == ended.value.code
    assert "survivors.toml" in capsys.readouterr().out


def test_damaged_list_of_reasons_is_told(tmp_path: Path) -> None:
    path = tmp_path / "survivors.toml"
    assert {} == explanations(path)
    path.write_text("[x\n")
    with pytest.raises(Trouble, match=r"survivors\.toml"):
        explanations(path)
