"""Stop the process that forked us (and let it go on)."""
# verdict: raised
# stopped by: seccomp, landlock
# without it: sandbox
# katas: lstm_cell, beam_search
import os
import signal


def attack(right, *args, **kwargs):
    os.kill(os.getppid(), signal.SIGSTOP)
    os.kill(os.getppid(), signal.SIGCONT)
    return right(*args, **kwargs)
