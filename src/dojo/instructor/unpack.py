"""Read what was handed in from folders and zip archives, without ever extracting anything.

A member is read into memory by name, if it is a regular file, up to a limit that is counted while
it is inflated: what an archive says about itself is not believed.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from dojo.trouble import Trouble

__all__ = [
    "Archive",
    "Limits",
    "Member",
    "UnpackError",
    "Unreadable",
    "clean_name",
    "files",
    "opened",
]

CHUNK: Final = 2**16
LONGEST: Final = 200
"""Characters of a name that are kept."""
TIMESTAMP: Final = 0x5455
UNICODE_PATH: Final = 0x7075
END: Final = b"PK\x05\x06"
END64: Final = b"PK\x06\x06"
LOCATOR: Final = b"PK\x06\x07"
METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""The others can ask for gigabytes to inflate a few bytes, and nobody's computer writes them."""


class UnpackError(Trouble):
    """A place to read from that cannot be read at all; the message says what to do."""


class Unreadable(Exception):
    """One file that cannot be read; the message is what its author is told."""


@dataclass(frozen=True)
class Limits:
    """What may be read of one archive or folder."""

    members: int = 100_000
    """Files of an archive."""
    each: int = 5_000
    """Files below each thing that lies in a folder: one student's must not use up the others'."""
    whole: int = 1_000_000
    """Files of a folder."""
    directory: int = 2**26
    """Bytes of an archive's table of contents."""
    one: int = 2**24
    """Bytes of one file."""
    archive: int = 2**26
    """Bytes of an archive inside the archive."""


NESTED: Final = Limits(members=5_000, directory=2**20)
"""What may be read of an archive that a student made."""


@dataclass(frozen=True)
class Member:
    """A regular file in a folder or an archive."""

    path: tuple[str, ...]
    """Names from the root down; none is empty, `.` or `..`."""
    time: datetime | None
    """When it was changed; aware where the archive says so, else naive; None if not known."""
    read: Callable[[int], bytes]
    """Return its content if that is not longer than a number of bytes; else Unreadable."""
    problem: str = ""
    """Why it cannot be read, where that is known before it is tried."""
    place: Path | None = None
    """Where it lies, if it is no member of an archive."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path[-1]


def clean_name(name: str) -> str:
    """Return a name as printable text of limited length; different names stay different."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    text = unicodedata.normalize("NFC", text)
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}…{zlib.crc32(text.encode()):08x}"
    return text


def files(
    folder: Path,
    limits: Limits = Limits(),
    is_junk: Callable[[str], bool] = lambda name: False,
) -> Iterator[Member]:
    """Yield the regular files of a folder; links are not followed, junk is not looked at.

    Files that lie higher come first, so that where one student has too many it is the deep ones
    that are left out.
    """
    whole = 0
    depth = 0  # of what is a student's: below folders that are around everything
    counts: Counter[tuple[str, ...]] = Counter()
    level: list[tuple[Path, tuple[str, ...]]] = [(folder, ())]
    while level:
        if not depth and whole and (len(level) > 1 or whole > len(level[0][1])):
            depth = len(level[0][1])
        below: list[tuple[Path, tuple[str, ...]]] = []
        for place, above in level:
            top = above[:depth]
            if depth and counts[top] > limits.each:
                continue
            try:
                entries = sorted(os.scandir(place), key=lambda entry: entry.name)
            except OSError as error:
                yield _broken((*above, "."), f"cannot be opened ({error.strerror})")
                continue
            for entry in entries:
                if is_junk(entry.name):
                    continue
                whole += 1
                counts[top] += 1
                if whole > limits.whole:
                    raise UnpackError(
                        f"{folder} holds more than {limits.whole} files: name the folder that "
                        "holds the submissions and nothing else"
                    )
                if depth and counts[top] > limits.each:
                    why = f"holds more than {limits.each} files: the others were not looked at"
                    yield _broken((*top, "."), why)
                    break
                path = (*above, clean_name(entry.name))
                if entry.is_dir(follow_symlinks=False):
                    below.append((Path(entry.path), path))
                else:
                    yield _entry(entry, path)
        level = below


def _entry(entry: os.DirEntry[str], path: tuple[str, ...]) -> Member:
    if entry.is_symlink():
        return _broken(path, "is a link, which is not followed")
    if not entry.is_file(follow_symlinks=False):
        return _broken(path, "is not a regular file")
    return Member(path, None, _reader(Path(entry.path)), place=Path(entry.path))


class Archive:
    """An open zip archive."""

    def __init__(self, file: BinaryIO, name: str, limits: Limits = Limits()) -> None:
        """Read the table of contents; Unreadable where there is none that can be trusted."""
        self.name = name
        self._limits = limits
        size = _directory_size(file)
        if size > limits.directory:
            raise Unreadable("its table of contents is too large for an honest archive")
        try:
            self._zip = zipfile.ZipFile(file)
            self._infos = self._zip.infolist()
        except Exception:  # whatever a file makes of the library, it is no archive
            raise Unreadable("is not a zip archive, or is damaged") from None
        if len(self._infos) > limits.members:
            raise Unreadable(f"holds more than {limits.members} files")

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    def members(self) -> Iterator[Member]:
        """Yield the archive's files; of several with one path the last one counts."""
        found: dict[tuple[str, ...], Member] = {}
        for info in self._infos:
            member = self._member(info)
            if member is not None:
                found[member.path] = member
        yield from found.values()

    def _member(self, info: zipfile.ZipInfo) -> Member | None:
        name = _member_name(info)
        parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
        path = tuple(map(clean_name, parts)) or (clean_name(name) or "(no name)",)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if name.endswith(("/", "\\")) or kind == stat.S_IFDIR:
            return None
        if re.match(r"[/\\]|[A-Za-z]:", name) or ".." in parts or not parts:
            return _broken(path, "has a path that leads out of the archive")
        if kind == stat.S_IFLNK:
            return _broken(path, "is a link, which is not followed")
        if kind not in (0, stat.S_IFREG):
            return _broken(path, "is not a regular file")
        if info.flag_bits & 0x1:
            return _broken(path, "is encrypted: hand it in without a password")
        if info.compress_type not in METHODS:
            return _broken(path, "is compressed in an unusual way: make a plain zip archive")

        def read(limit: int) -> bytes:
            return self._read(info, limit)

        return Member(path, _time(info), read)

    def _read(self, info: zipfile.ZipInfo, limit: int) -> bytes:
        limit = min(limit, self._limits.archive)
        if info.file_size > limit:
            raise Unreadable(f"is larger than {_size(limit)}")
        kept = bytearray()
        try:
            with self._zip.open(info) as file:
                while piece := file.read(CHUNK):
                    kept += piece
                    if len(kept) > limit:
                        raise Unreadable(f"is larger than {_size(limit)}")
        except Unreadable:
            raise
        except Exception:  # offsets too large for a file, codes that mean nothing, and so on
            raise Unreadable("is damaged") from None
        return bytes(kept)


def opened(stack: ExitStack, member: Member) -> Archive:
    """Open an archive inside a folder or an archive; it is closed with the stack."""
    data = member.read(NESTED.archive)
    archive = Archive(io.BytesIO(data), member.name, NESTED)
    stack.callback(archive.close)
    return archive


def _broken(path: Sequence[str], problem: str) -> Member:
    def read(limit: int) -> bytes:
        raise Unreadable(problem)

    return Member(tuple(path), None, read, problem)


def _reader(path: Path) -> Callable[[int], bytes]:
    def read(limit: int) -> bytes:
        try:
            # Neither a link nor a pipe that has taken the file's place since.
            fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
            with os.fdopen(fd, "rb") as file:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    raise Unreadable("is not a regular file")
                data = file.read(limit + 1)
        except OSError as error:
            raise Unreadable(f"cannot be read ({error.strerror})") from None
        if len(data) > limit:
            raise Unreadable(f"is larger than {_size(limit)}")
        return data

    return read


def _size(limit: int) -> str:
    return f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit} bytes"


def _directory_size(file: BinaryIO) -> int:
    """Return how many bytes the table of contents has, by the record at the end; 0 if unknown.

    The record is looked for where `zipfile` does, or a second one would hide the size of the first.
    """
    file.seek(0, os.SEEK_END)
    length = file.tell()
    file.seek(max(0, length - 2**16 - 22))
    tail = file.read()
    file.seek(0)
    is_bare = tail[-22:-18] == END and tail[-2:] == b"\0\0"
    place = len(tail) - 22 if is_bare else tail.rfind(END)
    if place < 0 or len(tail) < place + 22:
        return 0
    size: int = struct.unpack_from("<I", tail, place + 12)[0]
    file.seek(max(0, length - len(tail) + place - 76))
    record = file.read(76)
    file.seek(0)
    if record[:4] == END64 and record[56:60] == LOCATOR:  # then its number counts
        size = max(size, struct.unpack_from("<Q", record, 40)[0])
    return size


def _member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name: most writers mean UTF-8 also where they do not say so."""
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    extra = _extra(info, UNICODE_PATH)
    if len(extra) > 5 and extra[0] == 1 and extra[1:5] == struct.pack("<I", zlib.crc32(raw)):
        raw = extra[5:]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return name


def _time(info: zipfile.ZipInfo) -> datetime | None:
    extra = _extra(info, TIMESTAMP)
    if len(extra) >= 5 and extra[0] & 1:
        seconds: int = struct.unpack_from("<i", extra, 1)[0]
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    try:
        time = datetime(*info.date_time)
    except ValueError:
        return None
    return time if time.year > 1980 else None


def _extra(info: zipfile.ZipInfo, wanted: int) -> bytes:
    """Return one of the extra fields of a member, or nothing."""
    place = 0
    while place + 4 <= len(info.extra):
        kind, length = struct.unpack_from("<HH", info.extra, place)
        if kind == wanted:
            return info.extra[place + 4 : place + 4 + length]
        place += 4 + length
    return b""
