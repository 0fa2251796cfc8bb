"""Send a hundred thousand brackets, one inside the other."""
# verdict: no answer
# stopped by: wire
# katas: lstm_cell
import os


def attack(right, *args, **kwargs):
    text = b"\x91" * 100_000
    os.write(3, len(text).to_bytes(8, "little") + text)
    return right(*args, **kwargs)
