"""Find pairs of answers that are alike in what most others do not have.

copydetect compares what is left of two answers once names, comments and layout are taken out. What
the stub gives, what the solution does and what many students write is no sign of anything, so it
does not count. A pair is a reason to talk, never a proof.
"""

from __future__ import annotations

import difflib
import io
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
LONG_COMMENT: Final = 12
LONG_RUN: Final = 4
MAX_PAIRS: Final = 200


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


def find_pairs(
    assignment: Assignment, submissions: Sequence[Submission], threshold: float
) -> tuple[Pair, ...]:
    """Return the pairs above a threshold, the most alike first."""
    found: list[Pair] = []
    for entry in assignment.entries:
        solution = entry.solution.read_text(encoding="utf-8")
        stub = derive(solution)
        texts = {s.student: s.sources[entry.id] for s in submissions if entry.id in s.sources}
        found += _pairs(entry.id, texts, stub, reference(solution), threshold)
    found.sort(key=lambda pair: (-pair.similarity, -len(pair.comments), pair.kata, pair.students))
    return tuple(found[:MAX_PAIRS])


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
) -> Iterator[Pair]:
    common = _common(texts, [stub, solution])
    sides = [
        _Side(student, text, made, _comments(text))
        for student, text in texts.items()
        if (made := _fingerprint(text, common)).token_coverage >= ENOUGH
    ]
    rare = {
        comment
        for comment, count in Counter(c for side in sides for c in side.comments).items()
        if count == 2
    } - _comments(stub)
    given = {_plain(line) for line in stub.splitlines()}
    for one, other in combinations(sides, 2):
        similarity = _similarity(one.print, other.print, threshold)
        if similarity >= threshold:
            yield Pair(
                kata,
                (one.student, other.student),
                similarity,
                tuple(sorted(one.comments & other.comments & rare)),
                _side_by_side(one.text, other.text, given),
            )


def _common(texts: Mapping[str, str], ours: Sequence[str]) -> list[int]:
    """Return the fingerprints that say nothing about who wrote with whom."""
    counts: Counter[int] = Counter()
    for text in set(texts.values()):
        counts.update(_fingerprint(text, ()).hashes)
    copies = Counter(texts.values())  # a text that many hand in is as common as its parts
    for text, count in copies.items():
        if count > 1:
            for hash_ in _fingerprint(text, ()).hashes:
                counts[hash_] += count - 1
    limit = max(COMMON_LEAST, COMMON_SHARE * len(texts))
    known = {hash_ for text in ours for hash_ in _fingerprint(text, (), window=1).hashes}
    return sorted(known | {hash_ for hash_, count in counts.items() if count > limit})


def _fingerprint(text: str, common: Sequence[int], window: int = WINDOW) -> Any:
    from copydetect import CodeFingerprint

    return CodeFingerprint(
        "answer.py",
        NOISE,
        window,
        boilerplate=list(common),
        language="python",
        fp=io.StringIO(text),
    )


def _similarity(one: Any, other: Any, threshold: float) -> float:
    from copydetect import compare_files

    shared = len(one.hashes & other.hashes)
    if shared < 0.5 * threshold * min(len(one.hashes), len(other.hashes)):
        return 0.0  # far from it: need not be looked at closely
    _, shares, _ = compare_files(one, other)
    return min(1.0, float(max(shares)))


def _comments(text: str) -> frozenset[str]:
    found = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and len(token.string) >= LONG_COMMENT:
                found.add(" ".join(token.string.lstrip("# ").split()))
    except (tokenize.TokenError, SyntaxError):
        pass  # what was read up to here counts
    return frozenset(found)


def _plain(line: str) -> str:
    return "".join(line.split())


def _side_by_side(
    one: str, other: str, given: set[str]
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Mark the lines that two answers share, up to names, layout and comments."""
    lines = one.splitlines(), other.splitlines()
    shapes = [[_shape(line) for line in side] for side in lines]
    matcher = difflib.SequenceMatcher(None, shapes[0], shapes[1], autojunk=False)
    alike: tuple[set[int], set[int]] = (set(), set())
    for a, b, size in matcher.get_matching_blocks():
        alike[0].update(range(a, a + size))
        alike[1].update(range(b, b + size))
    marked = [
        tuple(
            Line(
                number=index + 1,
                text=text,
                alike=index in same and bool(shape) and _plain(text) not in given,
                given=_plain(text) in given,
            )
            for index, (text, shape) in enumerate(zip(side, forms, strict=True))
        )
        for side, forms, same in zip(lines, shapes, alike, strict=True)
    ]
    return marked[0], marked[1]


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
