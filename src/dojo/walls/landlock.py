"""Landlock: which files exist for a process, and that it may reach no port."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from dojo.walls.kernel import WallError, syscall

if sys.platform == "linux":
    import fcntl

__all__ = ["abi", "build", "close", "readable_paths"]

# These three have the same numbers on every architecture.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446

_FILE_RIGHTS: Final = (0, 13, 14, 15, 15, 16)
"""How many rights to files each version of the interface knows; later ones as many as the last."""
_OUT_OF_THE_WAY: Final = 64
"""The least number of the rules' descriptor: a child puts its own streams on the first few."""
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3


def readable_paths() -> tuple[str, ...]:
    """Return what Python and its packages read lazily: never a project's folder, home or /proc."""
    base = {Path(sys.prefix) / "lib", Path(sys.base_prefix) / "lib"}
    packages = {Path(p) for p in sys.path if Path(p).name in ("site-packages", "dist-packages")}
    standard = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    system = {Path(p) for p in ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")}
    files = {Path(p) for p in ("/etc/ld.so.cache", "/proc/cpuinfo", "/dev/urandom", os.devnull)}
    return tuple(sorted({str(p) for p in base | packages | standard | system | files}))


def build(libc: ctypes.CDLL, readable: Iterable[str]) -> int:
    """Handle every right that this kernel knows and grant only reading, only where told."""
    version = abi(libc)
    if version < 1:
        raise WallError("landlock: this kernel has none")
    rights = (1 << _FILE_RIGHTS[min(version, 5)]) - 1
    attributes = struct.pack("QQQ", rights, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    ruleset = syscall(libc, "landlock", _CREATE_RULESET, attributes, len(attributes), 0)
    for path in readable:
        _grant(libc, ruleset, path)
    high = fcntl.fcntl(ruleset, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY)
    os.close(ruleset)
    return high


def close(libc: ctypes.CDLL, ruleset: int) -> None:
    """Bind the calling thread to the rules, for good."""
    quiet = 1 if abi(libc) >= 7 else 0  # or an answer could fill the log of refusals
    syscall(libc, "landlock", _RESTRICT_SELF, ruleset, quiet)
    os.close(ruleset)


def _grant(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what this process cannot reach needs no rule
    try:
        rights = _READ_FILE
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            rights |= _READ_DIR
        elif path == os.devnull:
            rights |= _WRITE_FILE
        syscall(libc, "landlock", _ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, fd), 0)
    finally:
        os.close(fd)


def abi(libc: ctypes.CDLL) -> int:
    """Return the version of the interface, 0 where there is none."""
    zero = ctypes.c_long(0)
    version = libc.syscall(ctypes.c_long(_CREATE_RULESET), zero, zero, ctypes.c_long(1))
    return max(0, int(version))
