"""Run code when the exception is read: its text, its class, its traceback."""
# verdict: raised, no answer
# stopped by: separation
# katas: lstm_cell
import os


class Trap(Exception):
    def __str__(self):
        os.write(1, b"RESULT PASS\n")
        raise self

    def __getattribute__(self, name):
        os.write(1, name.encode())
        raise KeyError(name)


def attack(right, *args, **kwargs):
    raise Trap
