"""Turn FAIL into PASS on its way through sys.stdout."""
# verdict: wrong, raised
# stopped by: separation
# without it: naive
# katas: lstm_cell, beam_search
import sys


class Optimist:
    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        return self.stream.write(text.replace("FAIL", "PASS"))

    def __getattr__(self, name):
        return getattr(self.stream, name)


sys.stdout = Optimist(sys.stdout)


def attack(right, *args, **kwargs):
    return spoil(right(*args, **kwargs))
