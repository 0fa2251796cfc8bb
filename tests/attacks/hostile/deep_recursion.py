"""Overflow the C stack."""
# verdict: no answer, raised
# stopped by: separation
# katas: lstm_cell
import sys


class Well:
    def __getattr__(self, name):
        return getattr(self, name + "x")


def attack(right, *args, **kwargs):
    sys.setrecursionlimit(1 << 30)
    return Well().water
