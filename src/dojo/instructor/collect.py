"""Tell who has handed in what: folders, archives and the bulk downloads of Canvas and Moodle.

Canvas names a file `lastfirst_LATE_USER_FILE_name.py` in one flat archive, Moodle puts it into
`Full Name_NUMBER_assignsubmission_file/`; otherwise each folder, archive or file is a student.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final, Literal

from dojo.instructor.assignment import Assignment
from dojo.instructor.grading import Submission
from dojo.instructor.sources import Answer, Wanted, answers
from dojo.instructor.unpack import (
    Archive,
    Member,
    UnpackError,
    Unreadable,
    clean_name,
    files,
    opened,
)
from dojo.stubs import public_names

__all__ = ["CANVAS", "MOODLE", "Collected", "collect", "collect_one", "wanted"]

CANVAS: Final = re.compile(
    r"(?:(?P<name>.+?)_)??(?P<late>LATE_)?(?P<user>\d+|anon_\w{5})"
    r"_(?:(?P<file>\d+)_(?P<rest>.+)|(?P<entry>text|link)\.html)",
    re.DOTALL,
)
MOODLE: Final = re.compile(
    r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<rest>.*))?", re.DOTALL
)
JUNK: Final = frozenset({"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"})
CODE: Final = (".py", ".ipynb")
FOREIGN: Final = (".tar", ".gz", ".tgz", ".7z", ".rar", ".xz", ".bz2")
LARGEST: Final = 2**24
"""Bytes of a notebook, with the pictures in its outputs."""
MAX_FILES: Final = 200
"""Files of code that one student may hand in."""
MAX_NOTES: Final = 20
SAME_TIME: Final = timedelta(minutes=10)
"""Where all files are this close in age, that is the age of the download."""

Layout = Literal["canvas", "moodle", "folders"]


@dataclass(frozen=True)
class Collected:
    """All submissions, ordered by student, and what an instructor should know of the rest."""

    submissions: tuple[Submission, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    name: str
    """As the student named it."""
    member: Member
    order: tuple[int, ...] = ()
    """Of two answers to one kata the one with the larger order counts."""
    time: datetime | None = None


@dataclass
class _Pile:
    """What one student has handed in."""

    student: str
    files: list[_File] = field(default_factory=list)
    late: bool = False
    time: datetime | None = None
    notes: list[str] = field(default_factory=list)


def wanted(assignment: Assignment) -> tuple[Wanted, ...]:
    """Return what to look for: the katas, and what each of their stubs defines."""
    return tuple(
        Wanted(
            entry.id,
            tuple(
                name
                for name in public_names(entry.solution.read_text(encoding="utf-8"))
                if "." not in name
            ),
        )
        for entry in assignment.entries
    )


def collect(assignment: Assignment, places: Sequence[Path]) -> Collected:
    """Read everything that was handed in; UnpackError where there is nothing to be found.

    Of several places a later one counts before an earlier one.
    """
    with ExitStack() as stack:
        collector = _Collector(assignment, wanted(assignment), stack)
        for number, place in enumerate(places):
            collector.add(place, number)
        return collector.finish()


def collect_one(assignment: Assignment, folder: Path, student: str) -> Submission:
    """Read a folder that is one student's as a whole, whatever its files and folders are called."""
    with ExitStack() as stack:
        collector = _Collector(assignment, wanted(assignment), stack)
        return collector.one(student, [m for m in files(folder) if not _is_junk(m.path)])


class _Collector:
    def __init__(self, assignment: Assignment, katas: Sequence[Wanted], stack: ExitStack) -> None:
        self._assignment = assignment
        self._katas = katas
        self._stack = stack
        self._piles: dict[str, _Pile] = {}
        self._remarks: list[str] = []
        self._place = 0

    def add(self, place: Path, number: int) -> None:
        """Look at one folder, archive or file."""
        self._place = number
        if not place.exists():
            raise UnpackError(f"{place} does not exist: name the folder or archive to grade")
        if place.is_dir():
            self._root(list(files(place)), clean_name(place.resolve().name))
        elif place.suffix.lower() == ".zip":
            self._root(list(self._archive(place).members()), clean_name(place.stem), archive=True)
        else:
            raise UnpackError(
                f"{place} is neither a folder nor a zip archive: name the folder that holds the "
                "submissions, or the archive as it was downloaded"
            )

    def one(self, student: str, members: Sequence[Member]) -> Submission:
        """Read all files as one student's; when they were handed in, somebody else must say."""
        pile = self._pile(student)
        for member in members:
            self._file(pile, member, member.name, (0,), None)
        return self._submission(pile)

    def finish(self) -> Collected:
        """Read the files of every student."""
        if not self._piles:
            raise UnpackError(
                "no submissions there: expected one folder, archive or file for each student, or "
                "an archive as Canvas or Moodle give it out"
            )
        piles = [self._piles[student] for student in sorted(self._piles)]
        read = [self._submission(pile) for pile in piles]
        times = [s.submitted for s in read if s.submitted is not None]
        stamped = any(pile.time is not None for pile in piles)
        if times and not stamped and max(times) - min(times) <= SAME_TIME:
            self._remarks.append(
                f"all files are from {max(times):%Y-%m-%d %H:%M}, which is when they were "
                "downloaded: no time of submission is known"
            )
            read = [replace(submission, submitted=None) for submission in read]
        return Collected(tuple(read), tuple(self._remarks))

    def _archive(self, place: Path) -> Archive:
        try:
            file = self._stack.enter_context(place.open("rb"))
            archive = Archive(file, place.name)
        except Unreadable as why:
            raise UnpackError(f"{place} {why}: download it again") from None
        except OSError as error:
            raise UnpackError(f"{place} cannot be read: {error.strerror}") from None
        self._stack.callback(archive.close)
        return archive

    # --- who ---

    def _root(self, members: Sequence[Member], name: str, *, archive: bool = False) -> None:
        members = _without_wrapper([m for m in members if not _is_junk(m.path)])
        layout = _layout(members)
        if layout == "folders" and self._is_one_student(members):
            for member in members:
                self._hand(name, member, member.name, archive=archive)
            return
        for member in members:
            if layout == "canvas":
                self._canvas(member)
            elif layout == "moodle":
                self._moodle(member, archive=archive)
            else:
                self._folder(member, archive=archive)

    def _is_one_student(self, members: Sequence[Member]) -> bool:
        """Whether files lie there that are called like katas: then it is one student's folder."""
        names = {kata.name for kata in self._katas}
        code = [m for m in members if len(m.path) == 1 and m.name.lower().endswith(CODE)]
        return bool(code) and all(_stem(m.name) in names for m in code)

    def _canvas(self, member: Member) -> None:
        found = CANVAS.fullmatch(member.path[0])
        if found is None:
            self._remarks.append(f"{_shown(member.path)}: whose it is cannot be told")
            return
        student = f"{found['name']}_{found['user']}" if found["name"] else found["user"]
        pile = self._pile(student)
        pile.late |= bool(found["late"])
        if found["entry"]:
            pile.notes.append(f"a {found['entry']} entry was handed in, which is no file")
            return
        self._file(pile, member, found["rest"], (int(found["file"]),), None)

    def _moodle(self, member: Member, *, archive: bool) -> None:
        found = MOODLE.fullmatch(member.path[0])
        if found is None:
            self._remarks.append(f"{_shown(member.path)}: whose it is cannot be told")
            return
        pile = self._pile(f"{found['name']}_{found['number']}")
        if found["plugin"] != "file":
            pile.notes.append(f"{found['plugin']} was handed in, which is no file")
            return
        name = member.name if len(member.path) > 1 else found["rest"] or member.name
        self._file(pile, member, name, (0,), self._aware(member.time) if archive else None)

    def _folder(self, member: Member, *, archive: bool) -> None:
        if len(member.path) > 1:
            self._hand(member.path[0], member, member.name, archive=archive)
            return
        name = member.name
        if name.lower().endswith(".zip"):
            if not self._bulk(member):
                self._hand(_student_of(name), member, name, archive=archive)
        elif name.lower().endswith(CODE):
            self._hand(_student_of(name), member, name, archive=archive)
        elif member.problem:
            self._remarks.append(f"{_shown(member.path)} {member.problem}")

    def _bulk(self, member: Member) -> bool:
        """Take an archive among the submissions as a bulk download, if it is one."""
        if member.place is None:
            return False
        try:
            archive = self._archive(member.place)
        except UnpackError:
            return False  # a student's, who is told so
        inside = _without_wrapper([m for m in archive.members() if not _is_junk(m.path)])
        if _layout(inside) == "folders":
            return False
        self._root(inside, _stem(member.name), archive=True)
        return True

    def _hand(self, student: str, member: Member, name: str, *, archive: bool) -> None:
        below = member.path[1:]
        if name == "timestamp.txt" and below in ((name,), (self._assignment.name, name)):
            self._stamp(self._pile(student), member)
            return
        time = self._aware(member.time) if archive else None
        self._file(self._pile(student), member, name, (0,), time)

    def _stamp(self, pile: _Pile, member: Member) -> None:
        try:
            text = member.read(1000).decode("utf-8", "replace")
        except Unreadable as why:
            self._remarks.append(f"{_shown(member.path)} {why}")
            return
        pile.time = _parse_time(text) or pile.time
        if pile.time is None:
            self._remarks.append(
                f"{_shown(member.path)} holds no time such as 2026-01-31 12:00:00 UTC"
            )

    def _pile(self, student: str) -> _Pile:
        return self._piles.setdefault(student, _Pile(student))

    def _file(
        self,
        pile: _Pile,
        member: Member,
        name: str,
        order: tuple[int, ...],
        time: datetime | None,
    ) -> None:
        again = re.search(r"(?:-| ?\()(\d{1,9})\)?\.\w+$", name)
        whole = (self._place, *order, int(again[1]) if again else 0)
        pile.files.append(_File(name, member, whole, time))

    def _aware(self, time: datetime | None) -> datetime | None:
        """Return a time with a zone: an archive without one means the course's own."""
        if time is None or time.tzinfo is not None:
            return time
        due = self._assignment.due
        return time.replace(tzinfo=due.tzinfo) if due is not None else time.astimezone()

    # --- what ---

    def _submission(self, pile: _Pile) -> Submission:
        notes = list(dict.fromkeys(pile.notes))
        found: dict[str, list[tuple[_File, Answer]]] = {}
        with ExitStack() as stack:
            for file in _expanded(stack, _own(pile.files, self._assignment.name), notes):
                for answer in self._answers(file, notes):
                    found.setdefault(answer.kata, []).append((file, answer))
        chosen = {kata: _latest(options) for kata, options in found.items()}
        for kata, (file, answer) in chosen.items():
            others = {a.text for _, a in found[kata] if a.sure > 1 or answer.sure == 1}
            if len(others) > 1:
                notes.append(f"{kata}: of {len(others)} versions {_quoted(file.name)} counts")
            notes.extend(f"{kata}: {remark}" for remark in answer.remarks)
        if not chosen:
            notes.append(_nothing(pile))
        versions = Counter(answer.version for _, answer in chosen.values() if answer.version)
        times = [file.time for file, _ in chosen.values() if file.time is not None]
        if len(notes) > MAX_NOTES:
            notes[MAX_NOTES:] = [f"and {len(notes) - MAX_NOTES} more remarks like these"]
        return Submission(
            student=pile.student,
            sources={kata: answer.text for kata, (_, answer) in sorted(chosen.items())},
            problems=tuple(notes),
            version=max(sorted(versions), key=versions.__getitem__) if versions else None,
            submitted=pile.time or max(times, default=None),
            late=pile.late,
        )

    def _answers(self, file: _File, notes: list[str]) -> Iterator[Answer]:
        try:
            data = file.member.read(LARGEST)
            yield from answers(file.name, data, self._katas, self._assignment.name)
        except Unreadable as why:
            notes.append(f"{_quoted(file.name)} {why}")


def _expanded(stack: ExitStack, handed: Sequence[_File], notes: list[str]) -> Iterator[_File]:
    """Yield the files of code, also those in archives that students made: one level, no more."""
    count = 0
    for file in handed:
        lower = file.name.lower()
        inside = [file]
        if file.member.problem:
            notes.append(f"{_quoted(file.name)} {file.member.problem}")
            continue
        if lower.endswith(".zip"):
            inside = list(_inside(stack, file, notes))
        elif lower.endswith(FOREIGN):
            notes.append(f"{_quoted(file.name)} is an archive of another kind: hand in a zip")
            continue
        for one in inside:
            if not one.name.lower().endswith(CODE):
                continue
            count += 1
            if count > MAX_FILES:
                notes.append(f"more than {MAX_FILES} files: the others were not looked at")
                return
            yield one


def _inside(stack: ExitStack, file: _File, notes: list[str]) -> Iterator[_File]:
    try:
        members = [m for m in opened(stack, file.member).members() if not _is_junk(m.path)]
    except Unreadable as why:
        notes.append(f"{_quoted(file.name)} {why}")
        return
    for member in members:
        where = f"{_quoted(member.name)} in {_quoted(file.name)}"
        if member.problem:
            notes.append(f"{where} {member.problem}")
        elif member.name.lower().endswith((".zip", *FOREIGN)):
            notes.append(f"{where} is an archive in an archive: hand in the files themselves")
        else:
            # Its own time is what the student's computer says, which proves nothing.
            yield _File(member.name, member, file.order, file.time)


def _own(handed: Sequence[_File], assignment: str) -> Sequence[_File]:
    """Leave out other assignments, where a student's folder has one for each, as nbgrader does."""
    ours = [f for f in handed if len(f.member.path) > 2 and f.member.path[1] == assignment]
    return ours or handed


def _latest(options: Sequence[tuple[_File, Answer]]) -> tuple[_File, Answer]:
    """Return what counts: a file that says what it is before one that only defines it, the later
    before the earlier."""

    def rank(option: tuple[_File, Answer]) -> tuple[bool, tuple[int, ...], float, int, int]:
        file, answer = option
        time = file.time.timestamp() if file.time else 0.0
        return (answer.sure > 1, file.order, time, answer.sure, options.index(option))

    return max(options, key=rank)


def _nothing(pile: _Pile) -> str:
    names = sorted({file.name for file in pile.files})
    listed = ", ".join(map(_quoted, names[:5]))
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    if not names:
        return "nothing was handed in"
    return f"no answer to any kata was found in {listed}{more}"


# --- names ----------------------------------------------------------------------------------------


def _layout(members: Sequence[Member]) -> Layout:
    """Tell whose way of naming it is: that of most of the files."""

    def share(matches: Callable[[Member], bool]) -> float:
        return sum(map(matches, members)) / max(1, len(members))

    if share(lambda m: MOODLE.fullmatch(m.path[0]) is not None) >= 0.5:
        return "moodle"
    if share(lambda m: len(m.path) == 1 and CANVAS.fullmatch(m.path[0]) is not None) >= 0.5:
        return "canvas"
    return "folders"


def _without_wrapper(members: list[Member]) -> list[Member]:
    """Take off folders that hold everything and are no student's."""
    while members:
        first = members[0].path[0]
        if any(len(m.path) < 2 or m.path[0] != first for m in members):
            break
        inner = [replace(m, path=m.path[1:]) for m in members]
        deep = all(len(m.path) > 1 for m in inner)
        if MOODLE.fullmatch(first) or not (deep or _layout(inner) != "folders"):
            break
        members = inner
    return members


def _is_junk(path: Sequence[str]) -> bool:
    return any((part.startswith(".") and part != "..") or part in JUNK for part in path)


def _stem(name: str) -> str:
    return re.sub(r"\.\w+$", "", name)


def _student_of(name: str) -> str:
    """Return whose a file is that is called like a student, handed in again or not."""
    return re.sub(r" ?\(\d+\)$", "", _stem(name)) or name


def _shown(path: Sequence[str]) -> str:
    return _quoted("/".join(path))


def _quoted(name: str) -> str:
    short = clean_name(name)
    short = short if len(short) <= 60 else f"{short[:40]}…{short[-15:]}"
    return f"“{short}”"


def _parse_time(text: str) -> datetime | None:
    """Read a time as nbgrader writes it; without a zone it is UTC."""
    found = re.match(
        r"\s*(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(UTC|GMT|Z|[+-]\d\d:?\d\d)?\s*$",
        text,
    )
    if not found:
        return None
    try:
        time = datetime.fromisoformat(f"{found[1]} {found[2]}")
        zone = found[3] or "UTC"
        if zone in ("UTC", "GMT", "Z"):
            return time.replace(tzinfo=UTC)
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
        return time.replace(tzinfo=timezone(offset))
    except ValueError:
        return None
