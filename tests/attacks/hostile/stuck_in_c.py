"""Get stuck inside one call of a C function, where no handler of a signal runs."""
# verdict: too slow
# stopped by: deadline
# katas: lstm_cell
import re


def attack(right, *args, **kwargs):
    return re.match(r"(a+)+$", "a" * 64 + "b")
