"""Open the memory of the process that forked us."""
# verdict: raised
# stopped by: landlock
# without it: sandbox
# katas: lstm_cell
import os


def attack(right, *args, **kwargs):
    with open(f"/proc/{os.getppid()}/mem", "rb"), open(f"/proc/{os.getppid()}/maps") as maps:
        maps.read(10)
    return right(*args, **kwargs)
