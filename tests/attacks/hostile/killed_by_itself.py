"""Die by a signal that nobody can catch."""
# verdict: no answer
# stopped by: separation
# katas: lstm_cell
import os


def attack(right, *args, **kwargs):
    os.kill(os.getpid(), 9)
