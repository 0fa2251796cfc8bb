"""Which katas there are: found by their files and read by `ast`, so that nothing of them runs."""

from __future__ import annotations

import ast
import difflib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from dojo.grader_file import (
    ID,
    LEVELS,
    CaseSpec,
    GraderError,
    listed,
    parse,
    read_cases,
    read_meta,
)
from dojo.kata import Kata
from dojo.topics import forbidden_in
from dojo.trouble import Trouble

__all__ = ["CaseSpec", "Entry", "GraderError", "NoSuite", "Suite", "UnknownKata"]

TREES: Final = ("katas", "solutions", "graders")
TOPICS: Final = (
    "basics",
    "losses",
    "optimization",
    "normalization",
    "attention",
    "positions",
    "transformer",
    "tokenization",
    "pretraining",
    "embeddings",
    "recurrent",
    "sequence_labeling",
    "decoding",
    "inference",
    "finetuning",
    "alignment",
    "generative",
    "vision",
    "graphs",
    "recommenders",
    "bandits",
    "metrics",
    "data",
    "distributed",
    "retrieval",
    "agents",
)
"""In teaching order. A topic that is not listed comes after these."""


class UnknownKata(Trouble):
    """A name that means no kata, or more than one."""

    def __init__(self, message: str, suggestions: tuple[str, ...]) -> None:
        super().__init__(message)
        self.suggestions = suggestions


class NoSuite(Trouble):
    """A place from which no suite can be found."""


@dataclass(frozen=True)
class Entry:
    """One kata: three files and what they say. What has been read is kept."""

    id: str
    root: Path

    @property
    def topic(self) -> str:
        """The folder."""
        return self.id.partition("/")[0]

    @property
    def name(self) -> str:
        """The file, without its ending."""
        return self.id.partition("/")[2]

    @property
    def stub(self) -> Path:
        """The file that the learner writes in."""
        return self.root / "katas" / f"{self.id}.py"

    @property
    def solution(self) -> Path:
        """The reference and its mistakes."""
        return self.root / "solutions" / f"{self.id}.py"

    @property
    def grader(self) -> Path:
        """The metadata and the cases."""
        return self.root / "graders" / f"{self.id}.py"

    @cached_property
    def meta(self) -> Kata:
        """The grader's `kata = Kata(...)`, with what its topic forbids beside."""
        meta = read_meta(self.grader, self._grader_tree)
        if meta.only:
            return meta
        return replace(meta, forbids=forbidden_in(self.topic, meta.forbids, meta.allows))

    @cached_property
    def cases(self) -> tuple[CaseSpec, ...]:
        """The grader's cases, top to bottom."""
        return read_cases(self.grader, self._grader_tree)

    @cached_property
    def statement(self) -> str:
        """The solution's module docstring."""
        statement = ast.get_docstring(parse(self.solution))
        if not statement:
            raise GraderError(
                self.solution, 1, "the statement is missing: begin the file with a docstring"
            )
        return statement

    @property
    def title(self) -> str:
        """The statement's first line, without its full stop."""
        return self.statement.splitlines()[0].rstrip().removesuffix(".")

    @cached_property
    def _grader_tree(self) -> ast.Module:
        return parse(self.grader)


@dataclass(frozen=True)
class Suite:
    """All katas below one root folder."""

    root: Path

    @classmethod
    def locate(cls, start: Path | None = None) -> Suite:
        """Find the suite around a folder: the one given, DOJO_ROOT, or the current one."""
        given = os.environ.get("DOJO_ROOT")
        if start is None and given:
            if not _is_root(Path(given)):
                raise NoSuite(
                    f"DOJO_ROOT is {given}, and there is no {listed(TREES, 'and')} in it: "
                    "point it to the folder of the clone, or unset it"
                )
            return cls(Path(given).resolve())
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if _is_root(folder):
                return cls(folder)
        raise NoSuite(
            f"no katas here: neither {start} nor a folder above it holds "
            f"{listed(TREES, 'and')}. Change to the folder of the clone, or set DOJO_ROOT to it"
        )

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every kata that has a solution, in teaching order: what one needs comes before it.

        Neither a cycle nor a grader that cannot be read hides a kata here: both show when the
        kata itself is read, or in the audit.
        """
        return _teaching_order(Entry(id, self.root) for id in self.ids)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Every kata that has a solution, by name: nothing is read for this."""
        found = (_id_of(path, self.root / "solutions") for path in self._files("solutions"))
        return tuple(id for id in found if id)

    def topics(self) -> dict[str, tuple[Entry, ...]]:
        """Every topic in teaching order, with its katas."""
        names = sorted({entry.topic for entry in self.entries}, key=_topic_order)
        return {name: tuple(e for e in self.entries if e.topic == name) for name in names}

    def find(self, text: str) -> tuple[Entry, ...]:
        """Return the kata that a name, an id or a path means, or all katas of a topic."""
        found = self._at_path(text) or self._by_name(text) or self._by_former_id(text)
        if not found:
            near = self._near(text)
            advice = f"did you mean {listed(near, 'or')}?" if near else "`dojo list` shows all"
            raise UnknownKata(f"no kata is called {text!r}: {advice}", near)
        return found

    def renamed(self) -> dict[str, tuple[str, ...]]:
        """Return the former ids of every kata that has any; an id in use is nobody's former one."""
        ids = {entry.id for entry in self.entries}
        former = {
            entry.id: tuple(id for id in _former(entry) if id not in ids) for entry in self.entries
        }
        return {id: old for id, old in former.items() if old}

    def strays(self) -> tuple[Path, ...]:
        """Return the files in the three trees that belong to no kata with a solution."""
        ids = {entry.id for entry in self.entries}
        return tuple(
            path
            for tree in TREES
            for path in self._files(tree)
            if _id_of(path, self.root / tree) not in ids
        )

    def cycle(self) -> tuple[str, ...]:
        """Return the ids of katas that need each other in a ring, or nothing."""
        needs = {entry.id: _needs(entry) for entry in self.entries}
        while leaves := {id for id, needed in needs.items() if not needed & needs.keys()}:
            needs = {id: needed for id, needed in needs.items() if id not in leaves}
        ring: list[str] = []
        while needs and (not ring or ring[-1] not in ring[:-1]):
            ring.append(min(needs[ring[-1]] & needs.keys()) if ring else min(needs))
        return tuple(ring[ring.index(ring[-1]) + 1 :]) if ring else ()

    def _files(self, tree: str) -> Iterator[Path]:
        base = self.root / tree
        for path in sorted(base.rglob("*.py")):
            if not any(part[0] in "._" for part in path.relative_to(base).parts[:-1]):
                yield path

    def _at_path(self, text: str) -> tuple[Entry, ...]:
        if not text or "\0" in text:
            return ()
        for base in (Path.cwd(), self.root):
            # A link on the way to the root must not hide it, and a linked stub stays a stub.
            for clean in (os.path.abspath, os.path.realpath):
                path, root = Path(clean(base / text)), Path(clean(self.root))
                for tree in (root / name for name in TREES):
                    if path.is_relative_to(tree):
                        found = self._below(path.relative_to(tree).as_posix())
                        if found:
                            return found
        return ()

    def _below(self, path: str) -> tuple[Entry, ...]:
        key = _key(path)
        if key == "":
            return self.entries
        return tuple(e for e in self.entries if key in (_key(e.id), _key(e.topic)))

    def _by_name(self, text: str) -> tuple[Entry, ...]:
        text = text.strip().replace("\\", "/").removeprefix("./")
        for tree in TREES:
            text = text.removeprefix(f"{tree}/")
        if exact := tuple(e for e in self.entries if e.id == text.removesuffix(".py")):
            return exact
        key = _key(text)
        topic = tuple(e for e in self.entries if _key(e.topic) == key)
        katas = tuple(e for e in self.entries if key in (_key(e.id), _key(e.name)))
        if text.endswith("/") and topic:
            return topic
        choices = (*(f"{e.topic}/" for e in topic[:1]), *(e.id for e in katas))
        if len(choices) > 1:
            raise UnknownKata(f"{text!r} is not one kata: write {listed(choices, 'or')}", choices)
        return topic or katas

    def _by_former_id(self, text: str) -> tuple[Entry, ...]:
        key = _key(text)
        found = tuple(
            entry
            for entry in self.entries
            if any(key in (_key(old), _key(old.partition("/")[2])) for old in _former(entry))
        )
        return found if len(found) == 1 else ()

    def _near(self, text: str) -> tuple[str, ...]:
        named = {_key(topic): f"{topic}/" for topic in self.topics()}
        named |= {_key(entry.name): entry.id for entry in self.entries}
        named |= {_key(entry.id): entry.id for entry in self.entries}
        key = _key(text.replace("\\", "/"))
        last = key.rpartition("/")[2]
        close = [
            *difflib.get_close_matches(key, named, n=3),
            *difflib.get_close_matches(last, named, n=3),
            *(other for other in named if len(last) > 2 and last in other),
        ]
        return tuple(dict.fromkeys(named[other] for other in close))[:3]


def _is_root(folder: Path) -> bool:
    return all((folder / tree).is_dir() for tree in TREES)


def _key(text: str) -> str:
    """Return what is left of a name when case, dashes and underscores do not count."""
    text = text.strip().lower().removesuffix(".py")
    return re.sub(r"[^\w/]|_", "", text).strip("/")


def _id_of(path: Path, tree: Path) -> str | None:
    id = path.relative_to(tree).with_suffix("").as_posix()
    return id if re.fullmatch(ID, id) else None


def _topic_order(topic: str) -> tuple[int, str]:
    return (TOPICS.index(topic) if topic in TOPICS else len(TOPICS), topic)


def _teaching_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    rest = sorted(entries, key=_first_come)
    ids = {entry.id for entry in rest}
    needs = {entry.id: _needs(entry) & ids for entry in rest}
    order: list[Entry] = []
    done: set[str] = set()
    while rest:
        # In a cycle nobody is ready: the first in line goes, and the audit speaks of the cycle.
        chosen = next((entry for entry in rest if needs[entry.id] <= done), rest[0])
        rest.remove(chosen)
        order.append(chosen)
        done.add(chosen.id)
    return tuple(order)


def _first_come(entry: Entry) -> tuple[tuple[int, str], int, str]:
    meta = _meta_or_none(entry)
    level = LEVELS.index(meta.level) if meta else len(LEVELS)
    return (_topic_order(entry.topic), level, entry.name)


def _needs(entry: Entry) -> set[str]:
    meta = _meta_or_none(entry)
    return set(meta.needs) if meta else set()


def _former(entry: Entry) -> tuple[str, ...]:
    meta = _meta_or_none(entry)
    return meta.was if meta else ()


def _meta_or_none(entry: Entry) -> Kata | None:
    try:
        return entry.meta
    except GraderError:
        return None
