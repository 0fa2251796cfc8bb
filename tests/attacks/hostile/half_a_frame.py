"""Announce a message and never finish it."""
# verdict: too slow
# stopped by: deadline
# katas: lstm_cell
import os
import time


def attack(right, *args, **kwargs):
    os.write(3, (1000).to_bytes(8, "little") + b"x" * 10)
    time.sleep(60)
