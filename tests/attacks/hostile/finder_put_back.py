"""Put Python's own finder back, and import a library that is not provided."""
# verdict: raised, wrong
# stopped by: landlock
# without it: sandbox
# katas: lstm_cell
import sys
from importlib.machinery import PathFinder


def attack(right, *args, **kwargs):
    sys.meta_path.append(PathFinder)
    __import__("pluggy")
    return right(*args, **kwargs)
