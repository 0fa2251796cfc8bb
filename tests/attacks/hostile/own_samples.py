"""Return samples of our own making where a plain value is due."""
# verdict: wrong, raised
# stopped by: comparison
# katas: lstm_cell, beam_search
import sys


def attack(right, *args, **kwargs):
    return sys.modules["dojo.kata"].Samples((right(*args, **kwargs),) * 3)
