"""Answer from a finalizer or a signal handler, when the engine tidies up between two cases."""
# verdict: wrong, no answer, raised
# stopped by: separation
# katas: lstm_cell
import signal
import sys

wire = sys.modules["dojo.wire"]


class Last:
    def __init__(self):
        self.ring = self

    def __del__(self):
        wire.Channel(3, 3, reads_child=False).send(wire.Observed(1, None))


def attack(right, *args, **kwargs):
    Last()
    return spoil(right(*args, **kwargs))
