"""Announce a message of an exabyte."""
# verdict: no answer
# stopped by: wire
# katas: lstm_cell
import os


def attack(right, *args, **kwargs):
    os.write(3, (2**60).to_bytes(8, "little") + b"x" * 1000)
    return right(*args, **kwargs)
