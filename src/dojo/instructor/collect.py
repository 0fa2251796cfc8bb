"""Tell who has handed in what: folders, archives and the bulk downloads of Canvas and Moodle.

Canvas names a file `lastfirst_LATE_USER_FILE_name.py` in one flat archive, Moodle puts it into
`Full Name_NUMBER_assignsubmission_file/`; otherwise each folder, archive or file is a student.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final, Literal

from dojo.instructor.assignment import Assignment
from dojo.instructor.grading import Submission
from dojo.instructor.sources import Allowance, Answer, Wanted, answers
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

__all__ = ["CANVAS", "MOODLE", "Collected", "collect", "collect_one", "wanted", "whose"]

CANVAS: Final = re.compile(
    r"(?:(?P<name>.+?)_)??(?P<late>LATE_)?(?P<user>\d+|anon_\w{5})"
    r"_(?:(?P<file>\d+)_(?P<rest>.+)|(?P<entry>text|link)\.html)",
    re.DOTALL,
)
MOODLE: Final = re.compile(
    r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<rest>.*))?",
    re.DOTALL,
)
"""The first marker is Moodle's: behind it stands what the student has written."""
ANOTHER: Final = re.compile(r"(\d+)_assignsubmission_[a-z]")
JUNK: Final = frozenset({"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"})
CODE: Final = (".py", ".ipynb")
FOREIGN: Final = (".tar", ".gz", ".tgz", ".7z", ".rar", ".xz", ".bz2")
LARGEST: Final = 2**24
"""Bytes of a notebook, with the pictures in its outputs."""
MAX_FILES: Final = 200
"""Files of code that one student may hand in."""
MAX_BYTES: Final = 2**27
"""Bytes that are read of what one student has handed in, those of archives included."""
MAX_NOTES: Final = 20
SHOWN: Final = 5
"""Names that a remark lists."""
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
    two: bool = False
    """Whether its name holds two participants of Moodle's: one of them is made up."""


class _Reading:
    """What is read of one student's, counted."""

    def __init__(self) -> None:
        self._left = MAX_BYTES
        self.code = Allowance()

    def counted(self, file: _File) -> _File:
        """Return a file that is not read where too much has been read before."""
        member = file.member

        def read(limit: int) -> bytes:
            if self._left <= 0:
                raise Unreadable("was not looked at: it is too much in all")
            try:
                data = member.read(limit)
            except Unreadable:
                self._left -= limit  # as much may have been inflated before it was refused
                raise
            self._left -= len(data)
            return data

        return replace(file, member=replace(member, read=read))


@dataclass
class _Pile:
    """What one student has handed in."""

    student: str
    files: list[_File] = field(default_factory=list)
    late: bool = False
    time: datetime | None = None
    notes: list[str] = field(default_factory=list)
    things: dict[int, set[str]] = field(default_factory=dict)
    """By place, what lies there for the student: folders, archives, files."""


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
        return collector.one(student, list(files(folder, is_junk=_is_junk_name)))


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
            members = list(files(place, is_junk=_is_junk_name))
            self._root(members, clean_name(place.resolve().name))
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
        return self._read(pile)

    def finish(self) -> Collected:
        """Read the files of every student."""
        if not self._piles:
            raise UnpackError(
                "no submissions there: expected one folder, archive or file for each student, or "
                "an archive as Canvas or Moodle give it out"
            )
        piles = [self._piles[student] for student in sorted(self._piles)]
        self._remarks += _taken_together(piles)
        read = [self._read(pile) for pile in piles]
        # A time that nbgrader has written says nothing about those that an archive holds.
        unsure = {pile.student for pile in piles if pile.time is None}
        times = [s.submitted for s in read if s.student in unsure and s.submitted is not None]
        if times and max(times) - min(times) <= SAME_TIME:
            self._remarks.append(
                f"all files are from {max(times):%Y-%m-%d %H:%M}, which is when they were "
                "downloaded: no time of submission is known"
            )
            read = [replace(s, submitted=None) if s.student in unsure else s for s in read]
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
            for member in members:  # times in an archive of their own are the student's word
                self._hand(name, member, member.name, archive=False)
            return
        alone = len({member.path[0] for member in members}) == 1
        stamped = self._stamped(members) if layout == "folders" else frozenset()
        for member in members:
            if layout == "canvas":
                self._canvas(member)
            elif layout == "moodle":
                self._moodle(member, archive=archive)
            elif member.path[0] in stamped and member.path[1:] == self._stamp_path:
                self._stamp(self._pile(member.path[0]), member)
            else:
                self._folder(member, archive=archive, alone=alone)

    def _is_one_student(self, members: Sequence[Member]) -> bool:
        """Whether files lie there that are called like katas: then it is one student's folder.

        It is a class all the same where several others have answers in folders and archives.
        """
        names = {kata.name for kata in self._katas}
        answers = [m for m in members if m.name.lower().endswith(CODE)]
        code = [m for m in answers if len(m.path) == 1]
        deep = {m.path[0] for m in answers if len(m.path) > 1 and _stem(m.name) in names}
        zips = {m.name for m in members if len(m.path) == 1 and m.name.lower().endswith(".zip")}
        one = bool(code) and all(_stem(m.name) in names for m in code)
        return one and len(deep | zips) < 2

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
        another = ANOTHER.search(found["rest"] or "")
        two = another is not None and another[1] != found["number"]
        if two:
            self._remarks.append(
                f"{_shown(member.path[:1])} names two participants: the first is taken, "
                f"{pile.student}, and it counts only where that one has nothing else"
            )
        time = self._aware(member.time) if archive else None
        self._file(pile, member, name, (0,), time, two=two)

    def _folder(self, member: Member, *, archive: bool, alone: bool) -> None:
        if len(member.path) > 1:
            self._hand(member.path[0], member, member.name, archive=archive)
            return
        name = member.name
        if name.lower().endswith(".zip"):
            if not self._bulk(member, alone=alone):
                self._hand(_student_of(name), member, name, archive=archive)
        elif name.lower().endswith(CODE):
            self._hand(_student_of(name), member, name, archive=archive)
        elif member.problem:
            self._remarks.append(f"{_shown(member.path)} {member.problem}")

    def _bulk(self, member: Member, *, alone: bool) -> bool:
        """Take an archive that lies in a folder of its own as a bulk download, if it is one.

        Beside others it is a student's, whatever the names in it say: students choose those.
        """
        if member.place is None:
            return False
        with ExitStack() as stack:
            try:
                file = stack.enter_context(member.place.open("rb"))
                archive = Archive(file, member.name)
                stack.callback(archive.close)
                inside = _without_wrapper([m for m in archive.members() if not _is_junk(m.path)])
            except Exception:
                return False  # a student's, who is told so
            if _layout(inside) == "folders":
                return False
            if not alone:
                self._remarks.append(
                    f"{_shown(member.path)} looks like a download of a platform and is taken for "
                    "a student's, since it lies beside others: if it is one, name it by itself"
                )
                return False
            self._stack.push(stack.pop_all())
        self._root(inside, _stem(member.name), archive=True)
        return True

    def _hand(self, student: str, member: Member, name: str, *, archive: bool) -> None:
        pile = self._pile(student)
        pile.things.setdefault(self._place, set()).add(member.path[0])
        time = self._aware(member.time) if archive else None
        self._file(pile, member, name, (0,), time)

    @property
    def _stamp_path(self) -> tuple[str, ...]:
        """Where nbgrader writes the time, below a student's folder."""
        return (self._assignment.name, "timestamp.txt")

    def _stamped(self, members: Sequence[Member]) -> frozenset[str]:
        """Return for whom nbgrader has written the time: beside the notebook that it collected.

        Anybody can hand in such a file. So most of the class must have one, and their folders hold
        nothing but folders of assignments.
        """
        stamps = {m.path[0] for m in members if m.path[1:] == self._stamp_path and m.place}
        notebooks = {
            m.path[0]
            for m in members
            if len(m.path) == 3 and m.path[1] == self._assignment.name and _is_notebook(m.name)
        }
        others = {m.path[0] for m in members if len(m.path) < 3}
        there = {m.path[0] for m in members if m.path[1:2] == (self._assignment.name,)}
        found = stamps & notebooks - others
        if 2 * len(found) <= len(there | others):
            found = set()
        if stamps - found:
            self._remarks.append(
                f"the time in timestamp.txt is not believed for {_listed(stamps - found)}: "
                "it is not as nbgrader collects it"
            )
        return frozenset(found)

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
        *,
        two: bool = False,
    ) -> None:
        again = re.search(r"(?:-| ?\()(\d{1,9})\)?\.\w+$", name)
        whole = (self._place, *order, int(again[1]) if again else 0)
        pile.things.setdefault(self._place, set())
        pile.files.append(_File(name, member, whole, time, two))

    def _aware(self, time: datetime | None) -> datetime | None:
        """Return a time with a zone: an archive without one means the course's own."""
        if time is None or time.tzinfo is not None:
            return time
        due = self._assignment.due
        return time.replace(tzinfo=due.tzinfo) if due is not None else time.astimezone()

    # --- what ---

    def _read(self, pile: _Pile) -> Submission:
        """Read what one student has handed in; whatever is wrong with it, others are graded."""
        try:
            return self._submission(pile)
        except Exception as error:
            why = f"what was handed in could not be read: {type(error).__name__}"
            return Submission(pile.student, {}, (why,), submitted=pile.time, late=pile.late)

    def _submission(self, pile: _Pile) -> Submission:
        notes = list(dict.fromkeys(pile.notes))
        found: dict[str, list[tuple[_File, Answer]]] = {}
        reading = _Reading()
        handed = _own(_sure(pile.files, notes), self._assignment.name)
        for file in _expanded(reading, handed, notes):
            for answer in self._answers(reading, file, notes):
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

    def _answers(self, reading: _Reading, file: _File, notes: list[str]) -> Iterator[Answer]:
        try:
            data = file.member.read(LARGEST)
            name = self._assignment.name
            yield from answers(file.name, data, self._katas, name, reading.code)
        except Exception as error:
            notes.append(_unreadable(file.name, error))


def _unreadable(name: str, error: Exception) -> str:
    """Say why a file could not be read, also where nobody has thought of the reason."""
    if isinstance(error, Unreadable):
        return f"{_quoted(name)} {error}"
    return f"{_quoted(name)} could not be read: {type(error).__name__}"


def _expanded(reading: _Reading, handed: Sequence[_File], notes: list[str]) -> Iterator[_File]:
    """Yield the files of code, also those in archives that students made: one level, no more."""
    count = 0
    for file in map(reading.counted, handed):
        with ExitStack() as stack:  # one archive at a time is held in memory
            for one in _parts(stack, reading, file, notes):
                if not one.name.lower().endswith(CODE):
                    continue
                count += 1
                if count > MAX_FILES:
                    notes.append(f"more than {MAX_FILES} files: the others were not looked at")
                    return
                yield one


def _parts(stack: ExitStack, reading: _Reading, file: _File, notes: list[str]) -> Sequence[_File]:
    """Return a file, or the files in it where it is an archive."""
    lower = file.name.lower()
    if file.member.problem:
        notes.append(f"{_quoted(file.name)} {file.member.problem}")
        return ()
    if lower.endswith(".zip"):
        return [reading.counted(one) for one in _inside(stack, file, notes)]
    if lower.endswith(FOREIGN):
        notes.append(f"{_quoted(file.name)} is an archive of another kind: hand in a zip")
        return ()
    return (file,)


def _inside(stack: ExitStack, file: _File, notes: list[str]) -> Iterator[_File]:
    try:
        members = [m for m in opened(stack, file.member).members() if not _is_junk(m.path)]
    except Exception as error:
        notes.append(_unreadable(file.name, error))
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


def _sure(handed: Sequence[_File], notes: list[str]) -> Sequence[_File]:
    """Leave out files whose names hold two participants, where there are others."""
    sure = [file for file in handed if not file.two]
    if not sure:
        return handed
    notes += [
        f"{_quoted(file.name)} names another participant: it does not count"
        for file in handed
        if file.two
    ]
    return sure


def _taken_together(piles: Sequence[_Pile]) -> Iterator[str]:
    """Say where more than one thing counts as one student's: it may be somebody else's."""
    places = [pile.student for pile in piles if len(pile.things) > 1]
    if places:
        yield (
            f"in several of the places named, of which a later one counts first: {_listed(places)}"
        )
    for pile in piles:
        for things in pile.things.values():
            if len(things) > 1:
                yield f"{_listed(map(_quoted, things))} are all taken for {pile.student}'s"


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
    if not names:
        return "nothing was handed in"
    return f"no answer to any kata was found in {_listed(map(_quoted, names))}"


def _listed(names: Iterable[str]) -> str:
    found = sorted(names)
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more


# --- names ----------------------------------------------------------------------------------------


def whose(name: str) -> tuple[Literal["canvas", "moodle"], re.Match[str]] | None:
    """Tell which platform has named a file or folder, and how.

    Where both may have, it is the one whose marker stands first: students write what comes after.
    """
    canvas, moodle = CANVAS.fullmatch(name), MOODLE.fullmatch(name)
    if canvas and not (moodle and moodle.start("number") < canvas.start("user")):
        return "canvas", canvas
    return ("moodle", moodle) if moodle else None


def _layout(members: Sequence[Member]) -> Layout:
    """Tell whose way of naming it is: that of most of what lies there."""
    flat = {m.path[0]: len(m.path) == 1 for m in members}
    found = {name: whose(name) for name in flat}
    kinds = Counter(kind[0] for name, kind in found.items() if kind)
    canvas = sum(flat[name] for name, kind in found.items() if kind and kind[0] == "canvas")
    if 2 * kinds["moodle"] >= max(1, len(flat)):
        return "moodle"
    return "canvas" if 2 * canvas >= max(1, len(flat)) else "folders"


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
    return any(map(_is_junk_name, path))


def _is_junk_name(name: str) -> bool:
    return (name.startswith(".") and name not in (".", "..")) or name in JUNK


def _is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb")


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
        if not 2000 <= time.year < 2100:
            return None
        zone = found[3] or "UTC"
        if zone in ("UTC", "GMT", "Z"):
            return time.replace(tzinfo=UTC)
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
        return time.replace(tzinfo=timezone(offset))
    except ValueError:
        return None
