"""Build the walls before the fork, and raise them after it."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dojo.walls import landlock, limits, privileges, seccomp
from dojo.walls.kernel import WallError

__all__ = ["Prepared", "Walls", "available", "prepare", "raise_walls", "strongest"]


@dataclass(frozen=True)
class Walls:
    """How much a child may use, and which walls it puts up; all of them unless a test says so."""

    memory: int = 4 * 2**30
    """Bytes of address space beyond what the child has when it asks."""
    cpu: int = 600
    """Seconds of processor time until SIGXCPU; one more until SIGKILL. No clock on the wall."""
    descriptors: int = 64
    limits: bool = True
    landlock: bool = True
    seccomp: bool = True


@dataclass(frozen=True)
class Prepared:
    """What can be built before the fork; owns one descriptor, which the child must inherit."""

    walls: Walls
    libc: ctypes.CDLL
    ruleset: int
    """Descriptor of the Landlock rules, −1 without them."""
    program: bytes
    """The seccomp filter, with a placeholder where the child's number goes."""


def prepare(
    walls: Walls, readable: Iterable[str] | None = None, closed: Iterable[str] = ()
) -> Prepared:
    """Build, in the process that will fork, everything that its children have in common.

    `readable` are the files and folders that may be read, else those of `readable_paths`.
    None of the `closed` may lie inside one of them.
    """
    if sys.platform != "linux":
        raise WallError("limits: walls stand on Linux only")
    libc = ctypes.CDLL(None, use_errno=True)
    paths = landlock.readable_paths() if readable is None else tuple(readable)
    for inner in closed:
        for outer in paths:
            if Path(inner).resolve().is_relative_to(Path(outer).resolve()):
                raise WallError(f"landlock: {inner} would be readable, since it lies in {outer}")
    listable = landlock.listable_paths() if readable is None else ()
    ruleset = landlock.build(libc, paths, listable) if walls.landlock else -1
    program = seccomp.filter_for(os.uname().machine) if walls.seccomp else b""
    return Prepared(walls, libc, ruleset, program)


def raise_walls(prepared: Prepared, *, memory: int | None = None) -> tuple[str, ...]:
    """Lock the calling process up for good and return the names of the walls that stand.

    The process must have one thread, since Landlock binds only the thread that asks for it.
    `memory` takes the place of that in the settings.
    """
    walls, libc = prepared.walls, prepared.libc
    if len(os.listdir("/proc/self/task")) != 1:
        raise WallError("threads: a second thread would stay outside the walls")
    standing = ["privileges"]
    privileges.give_up(libc)
    if walls.limits:
        most = walls.memory if memory is None else memory
        limits.limit(most, walls.cpu, walls.descriptors)
        standing.append("limits")
    if walls.landlock:
        landlock.close(libc, prepared.ruleset)
        standing.append("landlock")
    if walls.seccomp:
        seccomp.bind(libc, prepared.program)
        standing.append("seccomp")
    return tuple(standing)


def available() -> dict[str, bool | int]:
    """Return what this kernel offers, by looking only: nothing is put up or started."""
    if sys.platform != "linux":
        return {"landlock": 0, "seccomp": False, "user namespaces": False, "bubblewrap": False}
    libc = ctypes.CDLL(None, use_errno=True)
    return {
        "landlock": landlock.abi(libc),
        "seccomp": seccomp.exists(libc),
        "user namespaces": _has_user_namespaces(),
        "bubblewrap": shutil.which("bwrap") is not None,
    }


def strongest(walls: Walls) -> Walls:
    """Leave out the walls that this kernel cannot put up."""
    here = available()
    return replace(
        walls,
        limits=walls.limits and sys.platform == "linux",
        landlock=walls.landlock and bool(here["landlock"]),
        seccomp=walls.seccomp and bool(here["seccomp"]),
    )


def _has_user_namespaces() -> bool:
    """Read the settings of the kernel, of Debian and of Ubuntu that may forbid them."""

    def setting(name: str, otherwise: int) -> int:
        try:
            return int(Path("/proc/sys", name).read_text())
        except (OSError, ValueError):
            return otherwise

    return (
        setting("user/max_user_namespaces", 0) > 0
        and setting("kernel/unprivileged_userns_clone", 1) != 0
        and setting("kernel/apparmor_restrict_unprivileged_userns", 0) != 1
    )
