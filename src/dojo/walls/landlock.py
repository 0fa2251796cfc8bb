"""Landlock: which files exist for a process, and that it may reach no port."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from dojo.provided import is_provided
from dojo.walls.kernel import WallError, syscall

if sys.platform == "linux":
    import fcntl

__all__ = ["abi", "build", "close", "listable_paths", "readable_paths"]

# These three have the same numbers on every architecture.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446

_FILE_RIGHTS: Final = (0, 13, 14, 15, 15, 16)
"""How many rights to files each version of the interface knows; later ones as many as the last."""
_OUT_OF_THE_WAY: Final = 64
"""The least number of the rules' descriptor: a child puts its own streams on the first few."""
_PACKAGES: Final = ("site-packages", "dist-packages")
"""Where installed packages lie, in a folder of libraries or of one Python."""
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3


def readable_paths() -> tuple[str, ...]:
    """Return what Python and its packages read lazily: never a project's folder, home or /proc.

    Of the installed packages only those that an answer may use: see `provided`.
    """
    system = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
    files = ("/etc/ld.so.cache", "/proc/cpuinfo", "/dev/urandom", os.devnull)
    folders = {os.path.realpath(path) for path in (*_python_folders(), *system)}
    split = (part for folder in folders for part in _without_packages(folder))
    return tuple(sorted({*split, *_provided(), *files}))


def listable_paths() -> tuple[str, ...]:
    """Return the folders whose entries may be listed, though not all of them read.

    Python finds no module in a folder that it cannot list.
    """
    return tuple(sorted(_python_folders() | _package_folders()))


def _python_folders() -> set[str]:
    standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    return {os.path.join(base, "lib") for base in (sys.prefix, sys.base_prefix)} | standard


def _package_folders() -> set[str]:
    return {path for path in sys.path if os.path.basename(path) in _PACKAGES}


def _provided() -> Iterator[str]:
    for folder in _package_folders():
        with suppress(OSError):
            yield from (os.path.join(folder, n) for n in os.listdir(folder) if is_provided(n))


def _without_packages(folder: str, *, of_python: bool = False) -> Iterator[str]:
    """Yield a folder, or in its place the entries of it that hold no installed packages."""
    try:
        names = os.listdir(folder)
    except OSError:
        return  # what this process cannot reach needs no rule
    deeper = [] if of_python else [name for name in names if name.startswith("python3")]
    if not deeper and not set(_PACKAGES).intersection(names):
        yield folder
        return
    for name in names:
        path = os.path.join(folder, name)
        if name in deeper:
            yield from _without_packages(path, of_python=True)
        elif name not in _PACKAGES:
            yield path


def build(libc: ctypes.CDLL, readable: Iterable[str], listable: Iterable[str] = ()) -> int:
    """Handle every right that this kernel knows and grant only reading, only where told."""
    version = abi(libc)
    if version < 1:
        raise WallError("landlock: this kernel has none")
    rights = (1 << _FILE_RIGHTS[min(version, 5)]) - 1
    attributes = struct.pack("QQQ", rights, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    ruleset = syscall(libc, "landlock", _CREATE_RULESET, attributes, len(attributes), 0)
    for path in readable:
        _grant(libc, ruleset, path, _READ_FILE | _READ_DIR)
    for path in listable:
        _grant(libc, ruleset, path, _READ_DIR)
    high = fcntl.fcntl(ruleset, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY)
    os.close(ruleset)
    return high


def close(libc: ctypes.CDLL, ruleset: int) -> None:
    """Bind the calling thread to the rules, for good."""
    quiet = 1 if abi(libc) >= 7 else 0  # or an answer could fill the log of refusals
    syscall(libc, "landlock", _RESTRICT_SELF, ruleset, quiet)
    os.close(ruleset)


def _grant(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what this process cannot reach needs no rule
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights = _READ_FILE | (_WRITE_FILE if path == os.devnull else 0)
        syscall(libc, "landlock", _ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, fd), 0)
    finally:
        os.close(fd)


def abi(libc: ctypes.CDLL) -> int:
    """Return the version of the interface, 0 where there is none."""
    zero = ctypes.c_long(0)
    version = libc.syscall(ctypes.c_long(_CREATE_RULESET), zero, zero, ctypes.c_long(1))
    return max(0, int(version))
