"""Remove and rename what lies in a folder."""
# verdict: raised
# stopped by: landlock, seccomp
# without it: sandbox
# katas: lstm_cell
import os

FOLDER = "/nowhere"


def attack(right, *args, **kwargs):
    os.rename(f"{FOLDER}/gradebook", f"{FOLDER}/gradebook.bak")
    os.rename(f"{FOLDER}/gradebook.bak", f"{FOLDER}/gradebook")
    return right(*args, **kwargs)
