"""List the home folder, the temporary one and /proc, in search of other people's work."""
# verdict: raised
# stopped by: landlock
# without it: sandbox
# katas: lstm_cell
import os

FOLDER = "/nowhere"


def attack(right, *args, **kwargs):
    for folder in (FOLDER, "/tmp", "/proc", "/"):
        os.listdir(folder)
    return right(*args, **kwargs)
