"""Find pairs of answers that are alike in what most others do not have.

copydetect compares what is left of two answers once names, comments and layout are taken out. What
the stub gives, what the solution does and what many students write is no sign of anything, so it
does not count. Those who hand in one long text all but word for word are a group, and are one voice
in what many write. A pair is a reason to talk, never a proof.
"""

from __future__ import annotations

import copy
import difflib
import io
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, groupby
from typing import Any, Final

from dojo.instructor.assignment import Assignment
from dojo.instructor.grading import Submission
from dojo.mistakes import reference
from dojo.stubs import derive

__all__ = ["Line", "Pair", "find_pairs", "similar_html"]

NOISE: Final = 20
"""Characters of filtered code below which agreement means nothing."""
WINDOW: Final = 4
ENOUGH: Final = 60
"""Characters of filtered code, beside what is common, that an answer must have to be compared."""
COMMON_SHARE: Final = 0.1
COMMON_LEAST: Final = 3
"""What more than this many students write, or more than that share of them, is common."""
NEAR: Final = 0.85
"""The share that two answers must have of each other to be of one group."""
LONG: Final = 160
"""Characters of filtered code, beside what we give, that are the same by no accident."""
GROUP_SHARE: Final = 0.5
GROUP_LEAST: Final = 7
"""A group of more than this many students, and of more than that share, has had it in class."""
LONG_COMMENT: Final = 12
LONG_RUN: Final = 4
MAX_PAIRS: Final = 200
LONGEST: Final = 100_000
"""Characters of an answer, layout apart, that are compared."""
MAX_LINES: Final = 1000
MAX_WIDTH: Final = 500
"""Lines of an answer that are shown, and characters of each."""
MAX_STEPS: Final = 10_000
"""How many lines may be set against one another, one by one, to show which are alike."""


@dataclass(frozen=True)
class Line:
    """A line of an answer as the report shows it."""

    number: int
    text: str
    alike: bool
    """Whether the other answer has it too, names and layout apart."""
    given: bool
    """Whether the stub has it."""


@dataclass(frozen=True)
class Pair:
    """Two answers to one kata."""

    kata: str
    students: tuple[str, str]
    similarity: float
    """The larger share of one answer's own code that the other has too, from 0 to 1."""
    comments: tuple[str, ...]
    """Comments that these two have and no third student has."""
    sides: tuple[tuple[Line, ...], tuple[Line, ...]]


@dataclass(frozen=True)
class _Side:
    student: str
    text: str
    print: Any
    comments: frozenset[str]


@dataclass(frozen=True)
class _Found:
    """A pair before it is drawn, which is done for those that are shown only."""

    kata: str
    sides: tuple[_Side, _Side]
    similarity: float
    comments: tuple[str, ...]
    given: frozenset[str]
    """The lines of the stub."""

    @property
    def students(self) -> tuple[str, str]:
        """Return whose answers these are."""
        return self.sides[0].student, self.sides[1].student


def find_pairs(
    assignment: Assignment, submissions: Sequence[Submission], threshold: float
) -> tuple[Pair, ...]:
    """Return the pairs above a threshold, the most alike first."""
    found: list[_Found] = []
    for entry in assignment.entries:
        solution = entry.solution.read_text(encoding="utf-8")
        stub = derive(solution)
        texts = {s.student: s.sources[entry.id] for s in submissions if entry.id in s.sources}
        found += _pairs(entry.id, texts, stub, reference(solution), threshold)
    found.sort(key=lambda pair: (-pair.similarity, -len(pair.comments), pair.kata, pair.students))
    shapes = cache(_shapes)
    return tuple(
        Pair(
            pair.kata,
            pair.students,
            pair.similarity,
            pair.comments,
            _side_by_side(pair.sides[0].text, pair.sides[1].text, pair.given, shapes),
        )
        for pair in found[:MAX_PAIRS]
    )


def similar_html(assignment: Assignment, pairs: Sequence[Pair], threshold: float, n: int) -> str:
    """Return a self-contained page with both sides of every pair; `n` answers were compared."""
    from dojo.instructor.feedback import environment

    here = environment().overlay()
    here.filters = {**here.filters, "folded": _folded}
    return here.get_template("similar.html").render(
        assignment=assignment, pairs=pairs, threshold=threshold, n=n
    )


def _pairs(
    kata: str, texts: Mapping[str, str], stub: str, solution: str, threshold: float
) -> Iterator[_Found]:
    known = {hash_ for text in (stub, solution) for hash_ in _fingerprint(text, window=1).hashes}
    said = _comments(stub) | _comments(solution)
    read = {
        text: _Side("", text, _without(_fingerprint(text), known), _comments(text) - said)
        for text in set(texts.values())
    }
    whole = [replace(read[text], student=student) for student, text in texts.items()]
    groups = _groups(whole)
    common = _common(groups)
    own = {text: _without(side.print, common) for text, side in read.items()}
    sides = [
        replace(side, print=own[side.text])
        for side in whole
        if own[side.text].token_coverage >= ENOUGH
    ]
    rare = {
        comment
        for comment, count in Counter(c for side in sides for c in side.comments).items()
        if count == 2
    }
    given = frozenset(_plain(line) for line in stub.splitlines())
    large = [group for group in groups if len(group) > GROUP_LEAST]
    first = {side.student: group[0].student for group in large for side in group}
    for one, other in combinations(sides, 2):
        head = first.get(one.student)
        if head == first.get(other.student) and head not in (None, one.student, other.student):
            continue  # of a large group each is shown beside its first, or there would be no end
        similarity = _similarity(one.print, other.print, threshold)
        if similarity >= threshold:
            shared = tuple(sorted(one.comments & other.comments & rare))
            yield _Found(kata, (one, other), similarity, shared, given)


def _groups(sides: Iterable[_Side]) -> list[list[_Side]]:
    """Put those together whose answers are, all but word for word, that of the group's first."""
    groups: list[list[_Side]] = []
    for side in sides:
        if group := next((group for group in groups if _is_near(group[0], side)), None):
            group.append(side)
        else:
            groups.append([side])
    return groups


def _common(groups: Sequence[Sequence[_Side]]) -> set[int]:
    """Return the fingerprints of what many write, where a group is one voice.

    What most of a class hand in has one source that all know, such as the lecture.
    """
    n = sum(map(len, groups))
    counts: Counter[int] = Counter()
    for group in groups:
        each = [side.print.hashes for side in group]
        taught = len(group) > max(GROUP_LEAST, GROUP_SHARE * n)
        for hashes in each if taught else [set().union(*each)]:
            counts.update(hashes)
    limit = max(COMMON_LEAST, COMMON_SHARE * n)
    return {hash_ for hash_, count in counts.items() if count > limit}


def _fingerprint(text: str, window: int = WINDOW) -> Any:
    from copydetect import CodeFingerprint

    return CodeFingerprint(
        "answer.py", NOISE, window, language="python", fp=io.StringIO(_compact(text))
    )


def _compact(text: str) -> str:
    """Take out layout, which does not count, and on which the lexer can spend hours."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)[:LONGEST]


def _without(print_: Any, hashes: set[int]) -> Any:
    """Return a fingerprint less what does not count."""
    from copydetect.utils import get_token_coverage

    left = copy.copy(print_)
    left.hashes = print_.hashes - hashes
    left.hash_idx = {hash_: print_.hash_idx[hash_] for hash_ in left.hashes}
    left.token_coverage = get_token_coverage(left.hash_idx, left.k, len(left.filtered_code))
    return left


def _is_near(one: _Side, other: _Side) -> bool:
    """Whether two answers are nearly the same, each as seen from the other, by no accident."""
    least = min(one.print.token_coverage, other.print.token_coverage)
    if least < LONG and not one.comments & other.comments:
        return False
    if one.print is other.print:
        return True
    return min(_shares(one.print, other.print, NEAR, max)) >= NEAR


def _similarity(one: Any, other: Any, threshold: float) -> float:
    return min(1.0, max(_shares(one, other, threshold, min)))


def _shares(
    one: Any, other: Any, threshold: float, of: Callable[[int, int], int]
) -> tuple[float, float]:
    """Return how much of each the other has, or nothing where that is far below a threshold."""
    from copydetect import compare_files

    shared = len(one.hashes & other.hashes)
    if shared < 0.5 * threshold * of(len(one.hashes), len(other.hashes)):
        return 0.0, 0.0  # need not be looked at closely
    _, shares, _ = compare_files(one, other)
    return float(shares[0]), float(shares[1])


def _comments(text: str) -> frozenset[str]:
    found = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text[:LONGEST]).readline):
            if token.type == tokenize.COMMENT and len(token.string) >= LONG_COMMENT:
                found.add(" ".join(token.string.lstrip("# ").split()))
    except (tokenize.TokenError, SyntaxError):
        pass  # what was read up to here counts
    return frozenset(found)


def _plain(line: str) -> str:
    return "".join(line.split())


def _side_by_side(
    one: str, other: str, given: frozenset[str], shapes: Callable[[str], tuple[str, ...]]
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Mark the lines that two answers share, up to names, layout and comments."""
    forms = shapes(one), shapes(other)
    marked = [
        [
            Line(
                number=index + 1,
                text=text,
                alike=index in same and bool(shape) and _plain(text) not in given,
                given=_plain(text) in given,
            )
            for index, (text, shape) in enumerate(zip(_lines(side), side_forms, strict=True))
        ]
        for side, side_forms, same in zip((one, other), forms, _alike(*forms), strict=True)
    ]
    for side, lines in zip((one, other), marked, strict=True):
        if more := len(side.splitlines()) - len(lines):
            lines.append(Line(0, f"… {more} more lines", alike=False, given=False))
    return tuple(marked[0]), tuple(marked[1])


def _alike(one: Sequence[str], other: Sequence[str]) -> tuple[set[int], set[int]]:
    """Return the lines that both have in one order; of a great many, those that both have."""
    counts = Counter(one), Counter(other)
    steps = sum(count * counts[1][shape] for shape, count in counts[0].items())
    if steps > MAX_STEPS:
        return (
            {index for index, shape in enumerate(one) if shape in counts[1]},
            {index for index, shape in enumerate(other) if shape in counts[0]},
        )
    alike: tuple[set[int], set[int]] = (set(), set())
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    for a, b, size in matcher.get_matching_blocks():
        alike[0].update(range(a, a + size))
        alike[1].update(range(b, b + size))
    return alike


def _lines(text: str) -> list[str]:
    """Return the lines that are shown."""
    return [line[:MAX_WIDTH] for line in text.splitlines()[:MAX_LINES]]


def _shapes(text: str) -> tuple[str, ...]:
    return tuple(map(_shape, _lines(text)))


def _folded(lines: Sequence[Line]) -> Iterator[Line]:
    """Show long runs of what the stub gives as one line."""
    for given, run in groupby(lines, lambda line: line.given):
        found = list(run)
        if given and len(found) > LONG_RUN:
            yield Line(0, f"… {len(found)} lines of the stub", alike=False, given=True)
        else:
            yield from found


def _shape(line: str) -> str:
    """Return a line without names, strings, comments and layout."""
    from copydetect.utils import filter_code

    filtered: str = filter_code(line, "answer.py", "python")[0]
    return "".join(filtered.split())
