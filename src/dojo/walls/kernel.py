"""How the walls speak to the kernel: through libc, with every refusal a WallError."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

__all__ = ["WallError", "call", "syscall"]


class WallError(Exception):
    """A wall that was asked for cannot be put up; the message begins with its name."""


def call(libc: ctypes.CDLL, wall: str, function: Callable[..., int], *args: object) -> int:
    """Call a function of libc and turn its failure into a WallError."""
    result = function(*args)
    if result < 0:
        raise WallError(f"{wall}: {os.strerror(ctypes.get_errno())}")
    return result


def syscall(libc: ctypes.CDLL, wall: str, number: int, *args: int | bytes) -> int:
    """Make a system call whose arguments are numbers and pointers to bytes."""
    words = [arg if isinstance(arg, bytes) else ctypes.c_long(arg) for arg in args]
    return call(libc, wall, libc.syscall, ctypes.c_long(number), *words)
