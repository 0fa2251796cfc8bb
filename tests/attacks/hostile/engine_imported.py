"""Import the engine, and put a recording of one's own in the place of its."""
# verdict: forbidden
# stopped by: rules
# katas: lstm_cell
from contextlib import contextmanager

import torch

import dojo.child
import dojo.recording


@contextmanager
def quiet(filename, names, *, lines=False):
    yield dojo.recording.Watched(n_operators=9)


dojo.child.watching = quiet
cell = getattr(torch, "lstm" + "_cell")


def attack(right, x, state, *weights):
    return cell(x, state, *weights)
