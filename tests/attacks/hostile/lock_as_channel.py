"""Take a lock on a file that every answer can read: one bit for whoever runs beside us."""
# verdict: raised
# stopped by: seccomp
# without it: sandbox
# katas: lstm_cell
import fcntl
import os


def attack(right, *args, **kwargs):
    with open(os.__file__, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return right(*args, **kwargs)
