"""Powers that a child gives up, and its tie to its parent."""

from __future__ import annotations

import ctypes
import signal
import struct
from typing import Final

from dojo.walls.kernel import call

__all__ = ["give_up"]

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


def give_up(libc: ctypes.CDLL) -> None:
    """Lose root's powers, gain none by exec, hide from the user's other processes.

    The process also dies with its parent, so that nothing goes on where nobody watches.
    """
    header = struct.pack("Ii", 0x20080522, 0)  # version 3 of the structure, this process
    call(libc, "privileges", libc.capset, header, bytes(24))
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    _prctl(libc, _PR_SET_DUMPABLE, 0)
    _prctl(libc, _PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(libc: ctypes.CDLL, option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    call(libc, "privileges", libc.prctl, option, ctypes.c_ulong(value), zero, zero, zero)
