"""Read the environment of the process that forked us: tokens, paths, names."""
# verdict: raised
# stopped by: landlock
# without it: sandbox
# katas: lstm_cell
import os


def attack(right, *args, **kwargs):
    with open(f"/proc/{os.getppid()}/environ", "rb") as file:
        file.read()
    return right(*args, **kwargs)
