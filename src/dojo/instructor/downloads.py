"""What nbgrader collects from a download of a learning platform: which files, and whose they are.

One student's archive or file name must neither end the run nor pass for another's, which nbgrader's
own plugins let happen.
"""

# mypy: allow-subclassing-any
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from nbgrader.utils import unzip

from dojo.instructor.collect import LARGEST, MAX_BYTES, whose
from dojo.instructor.unpack import Archive, Member, Unreadable, clean_name, files, opened

__all__ = ["KataArchives", "KataNames"]

ZIP: Final = ".zip"


class KataArchives(ExtractorPlugin):
    """Write the notebooks of a download to disk, those in archives of students' included.

    Archives are read as `dojo grade-all` does: regular files, up to a limit, one archive in
    another and no more. What cannot be read is said and left out.
    """

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Go through everything that lies in the folder of downloads."""
        root = Path(extracted_path)
        for member in files(Path(archive_path)):
            if member.place is None:
                self._skip(member.path, member.problem)
            elif member.name.lower().endswith(ZIP):
                self._archive(member, member.place, root)
            elif member.place.suffix in self.zip_ext:  # another kind that the instructor has made
                self._other(member, member.place, root.joinpath(*member.path[:-1]))
            else:
                self._write(member, root.joinpath(*member.path))

    def _archive(self, member: Member, place: Path, root: Path) -> None:
        """Unpack what a platform has given out."""
        try:
            with ExitStack() as stack:
                archive = Archive(stack.enter_context(place.open("rb")), place.name)
                stack.callback(archive.close)
                to = root.joinpath(*_folder(member.path))
                for inner in archive.members():
                    if inner.name.lower().endswith(ZIP) and not inner.problem:
                        self._students(inner, to)
                    else:
                        self._write(inner, to.joinpath(*inner.path))
        except (Unreadable, OSError) as why:
            self._skip(member.path, str(why))

    def _other(self, member: Member, place: Path, to: Path) -> None:
        """Unpack an archive of another kind as nbgrader does."""
        try:
            to.mkdir(parents=True, exist_ok=True)
            unzip(str(place), str(to), zip_ext=self.zip_ext, create_own_folder=True)
        except Exception as error:
            self._skip(member.path, f"cannot be unpacked ({type(error).__name__})")

    def _students(self, member: Member, to: Path) -> None:
        """Unpack what a student has packed."""
        left = MAX_BYTES
        try:
            with ExitStack() as stack:
                for inner in opened(stack, member).members():
                    if left <= 0:
                        raise Unreadable("holds too much in all")
                    left -= self._write(inner, to.joinpath(*_folder(member.path), *inner.path))
        except Unreadable as why:
            self._skip(member.path, str(why))

    def _write(self, member: Member, path: Path) -> int:
        """Write a file that is collected, and return how many bytes have been read for it."""
        if path.suffix not in self._wanted or member.name.startswith("._"):
            return 0
        try:
            data = member.read(LARGEST)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except (Unreadable, OSError) as why:
            self._skip(member.path, str(why))
            return LARGEST
        return len(data)

    @cached_property
    def _wanted(self) -> Sequence[str]:
        """Return the endings of the files that are collected."""
        collector = getattr(self.parent, "collector_plugin_inst", None)
        return tuple(getattr(collector, "valid_ext", (".ipynb",)))

    def _skip(self, path: Sequence[str], why: str) -> None:
        self.log.warning("%s is left out: it %s", clean_name("/".join(path)), why)


def _folder(path: Sequence[str]) -> tuple[str, ...]:
    """Return where an archive's files go, as nbgrader has it: below its name without the ending."""
    return (*path[:-1], path[-1][: -len(ZIP)] or "archive")


@dataclass(frozen=True)
class _Named:
    """A file, and what the names around it say."""

    student: str
    file: str
    path: tuple[str, ...]
    order: tuple[int, int]

    @property
    def rank(self) -> tuple[tuple[int, int], int, tuple[str, ...]]:
        """Of two with one name the larger counts: the newer, else the one that lies higher."""
        return (self.order, -len(self.path), self.path)


def _named(path: tuple[str, ...]) -> _Named | None:
    """Tell whose a file is: by the outermost name that a platform has given, not by the student's.

    A file that is handed in again is called hw1-1.ipynb, hw1-2.ipynb and so on.
    """
    for part in path:
        if (found := whose(part)) is None:
            continue
        kind, match = found
        name = (match["rest"] if part == path[-1] else "") or path[-1]
        again = re.search(r"-(\d{1,9})(?=\.\w+$)", name)
        order = int(again[1]) if again else 0
        if kind == "moodle":
            return _Named(f"{match['name']}_{match['number']}", name, path, (0, order))
        student = f"{match['name']}_{match['user']}" if match["name"] else match["user"]
        file = re.sub(r"-\d+(?=\.)", "", name)
        return _Named(student, file, path, (int(match["file"] or 0), order))
    return None


class KataNames(FileNameCollectorPlugin):
    """Whose a file is: by the names that Canvas and Moodle give, unless settings say otherwise."""

    def _match(self, filename: str) -> dict[str, str] | None:
        if self.named_regexp:
            found: dict[str, str] | None = super()._match(filename)
            return found
        named = _named(self._below(filename))
        if named is None:
            self.log.warning("Whose %s is cannot be told: set a named_regexp", filename)
            return None
        best = self._best.get((named.student, named.file), named)
        if best.rank > named.rank:  # two files of one name would end the run for everybody
            self.log.warning("%s is left out: %s counts", filename, "/".join(best.path))
            return None
        return {"student_id": named.student, "file_id": named.file}

    def _below(self, filename: str) -> tuple[str, ...]:
        """Return the path below the folder of what was extracted, where that is known."""
        path = Path(filename)
        if self._root is not None and path.is_relative_to(self._root):
            path = path.relative_to(self._root)
        return path.parts

    @cached_property
    def _root(self) -> Path | None:
        app = self.parent
        if not hasattr(app, "extracted_directory"):
            return None
        return Path(app._format_collect_path(app.extracted_directory))

    @cached_property
    def _best(self) -> dict[tuple[str, str], _Named]:
        """Of what a student has handed in more than once, what counts."""
        best: dict[tuple[str, str], _Named] = {}
        for named in self._all():
            key = named.student, named.file
            best[key] = max(named, best.get(key, named), key=lambda one: one.rank)
        return best

    def _all(self) -> Iterator[_Named]:
        for path in self._root.rglob("*") if self._root is not None else ():
            collected = path.suffix in self.valid_ext and path.is_file()
            if collected and (named := _named(self._below(str(path)))):
                yield named
