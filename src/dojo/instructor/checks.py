"""Check an assignment beyond its file: secret, katas, and whether they work with its inputs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dojo.engine import Engine
from dojo.grade import Judge
from dojo.instructor.assignment import Assignment, Problem, find
from dojo.instructor.assignment_file import read
from dojo.instructor.secret import SecretError, read_secret
from dojo.instructor.versions import kept
from dojo.mistakes import MistakeError
from dojo.reference import Key, References, UnsoundKata
from dojo.stubs import StubError, derive
from dojo.suite import Entry, GraderError, Suite
from dojo.verdict import Verdict

__all__ = ["contents", "kata_problems", "problems"]


def problems(suite: Suite, name_or_path: str) -> tuple[Assignment | None, list[Problem]]:
    """Return an assignment, if its file can be read, and all that is wrong without running it."""
    path = find(suite, name_or_path)
    assignment, found = read(suite, path)
    wrong = list(found)
    secret = assignment.secret if assignment else _secret_beside(path)
    try:
        read_secret(secret)
    except SecretError as error:
        wrong.append(Problem(str(error), "secret"))
    if _is_tracked(secret):
        message = f"git tracks {secret}: git rm --cached it, and take a new secret if it was pushed"
        wrong.append(Problem(message, "secret"))
    for entry in assignment.entries if assignment else ():
        wrong += [Problem(message, entry.id) for message in _unreadable(entry)]
    return assignment, wrong


def _secret_beside(path: Path) -> Path:
    from dojo.instructor.assignment_file import SECRET

    return (path.parent / SECRET).resolve()


def _is_tracked(secret: Path) -> bool:
    """Whether git would hand the secret on; where there is no git, it would not."""
    try:
        done = subprocess.run(
            ["git", "-C", str(secret.parent), "ls-files", "--error-unmatch", secret.name],
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _unreadable(entry: Entry) -> Iterator[str]:
    """Yield why a kata cannot be released or graded, as far as its files show it."""
    try:
        _ = (entry.meta, entry.cases, entry.statement)
        derive(entry.solution.read_text(encoding="utf-8"))
    except (GraderError, StubError, MistakeError, SyntaxError, OSError) as error:
        yield f"the kata is broken: {error}. `nox -s audit -- {entry.id}` says more"


def kata_problems(assignment: Assignment, entry: Entry, engine: Engine) -> list[Problem]:
    """Run a kata's solution and its mistakes with the assignment's own inputs.

    What is computed is kept and makes the first grading faster.
    """
    salt = assignment.salt()
    references = References(engine, assignment.suite.root / ".dojo" / "expected")
    try:
        key = Key.of(entry, salt)
        record = references.record(key)
        mistakes = references.mistakes(key)
    except (UnsoundKata, GraderError, MistakeError, StubError) as error:
        message = f"it fails with this course's inputs: {error}. Leave it out, or tell its author"
        return [Problem(message, entry.id)]
    found = []
    for mistake, answers in mistakes:
        cases = Judge(key, record, mistake.source).judge_all(answers)
        if all(case.verdict is Verdict.PASSED for case in cases):
            message = (
                f"with this course's inputs the mistake in line {mistake.line} of its solution "
                f"passes every case ({mistake.wrong[:60]}): tell its author"
            )
            found.append(Problem(message, entry.id))
    return found


def contents(assignment: Assignment) -> list[str]:
    """Say in lines what a release of an assignment would hold."""
    from dojo.instructor.handout import filenames, late_words

    names = filenames(assignment)
    lines = [f"{assignment.title}, version {assignment.version}, {assignment.points:g} points"]
    for part, entry in zip(assignment.parts, assignment.entries, strict=True):
        titles = list(dict.fromkeys(case.title for case in entry.cases))
        n_shown = len({case.title for case in assignment.shown_cases(part)})
        lines.append(
            f"  {names[part.kata]}: {part.points:g} points for {len(titles)} case titles, "
            f"{n_shown or 'none'} of them shown ({len(entry.cases)} cases)"
        )
    due = assignment.due
    rule = late_words(replace(assignment, language="en"))
    lines.append(f"due {due:%Y-%m-%d %H:%M %Z}. {rule}" if due else "no due date")
    whose = "student" if assignment.per_student else "course"
    lines.append(f"hidden inputs are this {whose}'s own")
    older = [version for version in kept(assignment) if version != assignment.version]
    if older:
        how = "by that version" if assignment.older == "that version" else "by this one"
        lines.append(f"released before: {', '.join(older)}; work on these is graded {how}")
    if assignment.version in kept(assignment):
        lines.append("this version has been released")
    return lines
