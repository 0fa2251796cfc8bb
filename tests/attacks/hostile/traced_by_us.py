"""Attach to the parent as a debugger, and copy its memory by a system call."""
# verdict: raised
# stopped by: seccomp
# katas: lstm_cell
import ctypes
import os


def attack(right, *args, **kwargs):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(0x4206, os.getppid(), 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    return right(*args, **kwargs)
