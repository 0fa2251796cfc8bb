"""`nox -s mutants`: change every solution mechanically and list the changes that no case notices.

Each survivor is either caught by a new case or explained, once, in `tests/survivors.toml`:

    ["attention/self_attention"]
    "if d_model % n_heads: → if d_model + n_heads:" = "why this is no mistake"
"""

from __future__ import annotations

import argparse
import ast
import difflib
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dojo import syntax
from dojo.engine import Engine
from dojo.grade import differs
from dojo.mistakes import reference
from dojo.reference import Key, References, UnsoundKata
from dojo.suite import Entry, Suite
from dojo.trouble import Trouble

__all__ = ["Mutant", "Tally", "explanations", "main", "mutants", "survivors"]

LEFT_OUT: Final = ("VariableInserter", "VariableReplacer", "ExceptionReplacer")
"""Operators that need arguments, or that break everything they touch."""


@dataclass(frozen=True)
class Mutant:
    """A solution with one mechanical change."""

    change: str
    """The line before and after: `a = b + 1 → a = b - 1`."""
    line: int
    source: str


@dataclass(frozen=True)
class Tally:
    """What became of one kata's mutants."""

    kata: str
    tried: int
    survived: tuple[Mutant, ...]


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every mutant that differs in what it does: not in annotations or docstrings."""
    from cosmic_ray.mutating import mutate_code  # type: ignore[import-untyped]
    from cosmic_ray.plugins import get_operator, operator_names  # type: ignore[import-untyped]

    seen = {_essence(source)}
    for name in operator_names():
        if name.rpartition("/")[2] in LEFT_OUT:
            continue
        operator = get_operator(name)()
        for occurrence in range(sys.maxsize):
            text = mutate_code(source, operator, occurrence)
            if text is None:
                break
            try:
                essence = _essence(text)
            except SyntaxError:
                continue
            if essence not in seen:
                seen.add(essence)
                yield _described(source, text)


def _essence(source: str) -> str:
    """Return the code as a tree without what never runs or only speaks of types."""
    tree = syntax.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return ast.dump(tree)


def _described(before: str, after: str) -> Mutant:
    old, new = before.splitlines(), after.splitlines()
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changed = [block for block in blocks if block[0] != "equal"]
    first, last = changed[0], changed[-1]
    was = " ".join(line.strip() for line in old[first[1] : last[2]])
    becomes = " ".join(line.strip() for line in new[first[3] : last[4]])
    return Mutant(f"{was} → {becomes}", first[1] + 1, after)


def survivors(entry: Entry, passes: Callable[[Key, str], bool], jobs: int = 2) -> Tally:
    """Run every mutant of a kata's solution through its cases and return those that pass."""
    key = Key.of(entry)
    every = list(mutants(reference(key.solution)))
    with ThreadPoolExecutor(jobs) as pool:
        alive = list(pool.map(lambda mutant: passes(key, mutant.source), every))
    survived = tuple(mutant for mutant, lives in zip(every, alive, strict=True) if lives)
    return Tally(entry.id, len(every), survived)


def explanations(path: Path) -> dict[str, dict[str, str]]:
    """Read why known survivors are no mistakes, by kata and change."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise Trouble(f"{path}: {error}") from None
    return {kata: dict(why) for kata, why in found.items()}


def _report(tally: Tally, known: Mapping[str, str]) -> list[str]:
    """Print what became of one kata's mutants; return what is wrong."""
    open_ = [mutant for mutant in tally.survived if mutant.change not in known]
    stale = sorted(set(known) - {mutant.change for mutant in tally.survived})
    explained = len(tally.survived) - len(open_)
    print(
        f"{'✗' if open_ or stale else '✓'} {tally.kata}: {tally.tried} mutants, "
        f"{tally.tried - len(tally.survived)} caught, {explained} explained, {len(open_)} open",
        flush=True,
    )
    return [
        *(f"{tally.kata}:{mutant.line} survives: {mutant.change}" for mutant in open_),
        *(f"{tally.kata}: explained, but caught or gone: {change}" for change in stale),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Mutate the named katas, or all; status 1 if a survivor has no reason."""
    parser = argparse.ArgumentParser(
        prog="nox -s mutants --",
        description="Change solutions mechanically and list the changes that no case notices.",
        epilog="Each survivor is caught by a new case, or explained in tests/survivors.toml.",
    )
    parser.add_argument("names", nargs="*", help="katas or topics; all unless named")
    names = parser.parse_args(arguments).names
    suite = Suite.locate()
    entries = [e for name in names for e in suite.find(name)] if names else list(suite.entries)
    known = explanations(suite.root / "tests" / "survivors.toml")
    wrong = []
    with Engine(closed=[suite.root]) as engine:
        references = References(engine, suite.root / ".dojo" / "expected")

        def passes(key: Key, source: str) -> bool:
            cases = references.record(key).cases
            try:
                answers = references.observe(key, source, [case.limit for case in cases])
            except UnsoundKata:  # it does not even load
                return False
            return not any(map(differs, key.specs, cases, answers))

        for entry in entries:
            wrong += _report(survivors(entry, passes), known.get(entry.id, {}))
    for line in wrong:
        print(f"\n{line}")
    if wrong:
        print(
            "\nWrite a case that notices the change, or say in tests/survivors.toml why it is no "
            "mistake."
        )
        raise SystemExit(1)


if __name__ == "__main__":
    main()
