"""Start a process by the bare system calls fork, vfork, clone and clone3."""
# verdict: raised
# stopped by: seccomp
# without it: sandbox
# katas: lstm_cell
import ctypes
import os
import platform


def attack(right, *args, **kwargs):
    libc = ctypes.CDLL(None, use_errno=True)
    calls = {"x86_64": ((57,), (56, 17, 0, 0, 0, 0)), "aarch64": ((220, 17, 0, 0, 0, 0),)}
    for call in calls[platform.machine()]:
        pid = libc.syscall(*call)
        if pid == 0:
            os._exit(0)
        if pid < 0:
            raise OSError(ctypes.get_errno(), "refused")
        os.waitpid(pid, 0)
    return right(*args, **kwargs)
