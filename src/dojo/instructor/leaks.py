"""Look for anything private in what students get: text, archives, databases, git objects."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import html
import io
import json
import lzma
import re
import sqlite3
import subprocess
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dojo.instructor.private import Private, normal, private_of
from dojo.suite import Suite

__all__ = ["leaks"]

MAX_BYTES: Final = 2**28
"""How much is looked through in all, unpacked."""
MAX_DEPTH: Final = 6
"""How deep archives may lie in each other."""
WIDTH: Final = 100
BASE64: Final = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}(?![A-Za-z0-9+/])")
TAG: Final = re.compile(r"<[^<>]{0,2000}>")


def leaks(path: Path, suite: Suite, secrets: Iterable[str] = ()) -> list[str]:
    """Return what a file or folder holds of solutions, mistakes, cases, hints or secrets.

    Looked at are names and contents, also inside archives, databases and git objects. What cannot
    be looked into, because it is compiled, encrypted or too large, counts as a leak.
    """
    words = {word for secret in secrets for word in secret.split() if len(word) >= 16}
    search = _Search(private_of(suite), frozenset(words))
    search.folder(path)
    return list(search.found)


@dataclass
class _Search:
    private: Private
    secrets: frozenset[str]
    found: dict[str, None] = field(default_factory=dict)
    looked_at: int = 0

    def folder(self, path: Path) -> None:
        paths = [path] if not path.is_dir() or path.is_symlink() else sorted(path.rglob("*"))
        for file in paths:
            name = file.relative_to(path).as_posix() if file != path else file.name
            self._text(name, name)
            if file.is_symlink():
                self._add(name, "is a link: what it leads to is not looked at")
            elif file.is_file():
                self._file(file, name)

    def _file(self, file: Path, name: str) -> None:
        if name.endswith("objects/info/alternates"):
            self._add(name, "takes git objects from another place, which is not looked at")
        if file.stat().st_size > MAX_BYTES:
            self._add(name, "is too large to be looked through")
        else:
            self._data(file.read_bytes(), name, 0)

    def _add(self, place: str, what: str) -> None:
        self.found.setdefault(f"{place}: {what}")

    def _data(self, data: bytes, place: str, depth: int) -> None:
        """Look at bytes, and at what they turn into."""
        self.looked_at += len(data)
        if depth > MAX_DEPTH or self.looked_at > MAX_BYTES:
            self._add(place, "is too large or too deep to be looked through")
            return
        if place.endswith(".pyc") or "__pycache__" in place:
            self._add(place, "is compiled code, which nobody needs")
        self._secrets(data, place)
        for text in _texts(data):
            self._text(text, place)
        try:
            for inner, name in _unpacked(data):
                self._data(inner, f"{place}{name}", depth + 1)
        except (_Closed, OSError, EOFError, zipfile.BadZipFile, tarfile.TarError) as error:
            self._add(place, f"cannot be looked into: {error}")

    def _secrets(self, data: bytes, place: str) -> None:
        for secret in self.secrets:
            forms = [secret.encode(), base64.b64encode(secret.encode()).rstrip(b"=")]
            with suppress(ValueError):
                raw = bytes.fromhex(secret)
                forms += [raw, base64.b64encode(raw).rstrip(b"=")]
            if any(form in data for form in forms):
                self._add(place, "a secret or a salt")

    def _text(self, text: str, place: str) -> None:
        labels = self.private.labels
        for line in self.private.inside(normal(text)):
            self._add(place, labels[line][:WIDTH])
        for line in self.private.alone(map(normal, text.splitlines())):
            self._add(place, labels[line][:WIDTH])
        if any(secret in text for secret in self.secrets):
            self._add(place, "a secret or a salt")


class _Closed(Exception):
    """Something that may hold text and cannot be opened."""


def _texts(data: bytes) -> Iterator[str]:
    """Yield a text as it stands, and as it reads once escapes and tags are taken out."""
    plain = data.decode("utf-8", "replace")
    views = [plain]
    if data.count(0) > len(data) // 10:
        views += [data.decode(code, "replace") for code in ("utf-16-le", "utf-16-be")]
    if "\\" in plain:
        views.append(plain.replace("\\n", "\n").replace('\\"', '"').replace("\\'", "'"))
    if "<" in plain or "&" in plain:
        views.append(html.unescape(TAG.sub("", plain)))
    if plain.lstrip()[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):
            views.append("\n".join(_strings(json.loads(plain))))
    yield from dict.fromkeys(views)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for part in pair for text in _strings(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in _strings(part))


def _unpacked(data: bytes) -> Iterator[tuple[bytes, str]]:
    """Yield what is packed in some bytes, with the end of its name."""
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        yield from _zipped(data)
    elif data.startswith(b"SQLite format 3\0"):
        yield from _stored(data)
    elif b"PACK" in data[:4096] and (data.startswith(b"PACK") or b"git bundle" in data[:32]):
        yield from _git_objects(data[data.index(b"PACK") :])
    elif data[257:262] == b"ustar":
        yield from _archived(data)
    elif data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data), " (unpacked)"
    elif data.startswith(b"BZh"):
        yield bz2.decompress(data), " (unpacked)"
    elif data.startswith(b"\xfd7zXZ\0"):
        yield lzma.decompress(data), " (unpacked)"
    elif data.startswith((b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")):
        raise _Closed("it is packed in a way that is not known here")
    elif data[:1] == b"\x78":
        with suppress(zlib.error):
            yield zlib.decompress(data), " (unpacked)"
    for run in BASE64.finditer(data.replace(b"\\n", b"").replace(b"\n", b"")):
        with suppress(binascii.Error):
            yield base64.b64decode(run[0][: len(run[0]) // 4 * 4]), " (base64)"


def _zipped(data: bytes) -> Iterator[tuple[bytes, str]]:
    """Yield the members; names and comments stand in the bytes themselves."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if member.flag_bits & 1:
                raise _Closed(f"{member.filename} is encrypted")
            if member.file_size > MAX_BYTES:
                raise _Closed(f"{member.filename} is too large")
            yield archive.read(member), f"/{member.filename}"


def _archived(data: bytes) -> Iterator[tuple[bytes, str]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            if member.isfile() and (file := archive.extractfile(member)):
                yield file.read(), f"/{member.name}"


def _stored(data: bytes) -> Iterator[tuple[bytes, str]]:
    """Yield every text and blob of a database; what was deleted is in the bytes themselves."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.text_factory = bytes
        try:
            database.deserialize(data)
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                name = table.decode()
                for row in database.execute('SELECT * FROM "{}"'.format(name.replace('"', '""'))):
                    yield from ((cell, f" ({name})") for cell in row if isinstance(cell, bytes))
        except sqlite3.Error as error:
            raise _Closed(f"the database cannot be read ({error})") from None


def _git_objects(pack: bytes) -> Iterator[tuple[bytes, str]]:
    """Yield the objects of a pack as one text: whatever is in it, reachable or not."""
    with tempfile.TemporaryDirectory(prefix="dojo-") as folder:
        try:
            _git(folder, "init", "--quiet", "--bare", "--template=", ".")
            _git(folder, "index-pack", "--stdin", data=pack)
            yield _git(folder, "cat-file", "--batch-all-objects", "--batch"), " (git objects)"
        except (OSError, subprocess.CalledProcessError):
            raise _Closed("git cannot read this pack, or is not installed") from None


def _git(folder: str, *command: str, data: bytes | None = None) -> bytes:
    done = subprocess.run(
        ["git", "-C", folder, *command], input=data, capture_output=True, check=True
    )
    return done.stdout
