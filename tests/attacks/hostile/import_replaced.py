"""Replace `__import__`, so that the case gets modules of the answer's own."""
# verdict: wrong, raised
# stopped by: separation
# katas: lstm_cell
import builtins

original = builtins.__import__


def replaced(name, *args, **kwargs):
    module = original(name, *args, **kwargs)
    if name == "dojo":
        module.samples = lambda draws: None
    return module


builtins.__import__ = replaced


def attack(right, *args, **kwargs):
    return spoil(right(*args, **kwargs))
