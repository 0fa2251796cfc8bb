"""Close every descriptor."""
# verdict: no answer
# stopped by: separation
# katas: lstm_cell, ucb1
import os


def attack(right, *args, **kwargs):
    os.closerange(0, 256)
    return right(*args, **kwargs)
