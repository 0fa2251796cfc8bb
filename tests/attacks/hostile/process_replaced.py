"""Become another program, which says PASS."""
# verdict: raised
# stopped by: seccomp, landlock
# without it: naive
# katas: lstm_cell
import os


def attack(right, *args, **kwargs):
    os.execv("/bin/echo", ["echo", "RESULT PASS"])
