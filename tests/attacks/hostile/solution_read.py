"""Find the solution beside the engine and run it."""
# verdict: raised
# stopped by: landlock
# without it: sandbox
# katas: lstm_cell, self_attention
import os
import sys


def attack(right, *args, **kwargs):
    root = os.path.abspath(sys.modules["dojo.wire"].__file__ + "/../../..")
    with open(f"{root}/solutions/recurrent/lstm_cell.py", encoding="utf-8") as file:
        exec(compile(file.read(), "solution", "exec"), {})
    return right(*args, **kwargs)
