"""Take the reference out of a module that the grader has loaded."""
# verdict: wrong, raised
# stopped by: separation
# without it: naive
# katas: lstm_cell
import sys


def attack(right, *args, **kwargs):
    for name, module in list(sys.modules.items()):
        if "solution" in name:
            return module.reference(*args, **kwargs)
    return spoil(right(*args, **kwargs))
