"""Take more and more memory in small steps (here: up to 1.5 GiB that nobody touches)."""
# verdict: too much memory
# stopped by: limits
# without it: sandbox
# katas: lstm_cell, ucb1
import numpy as np


def attack(right, *args, **kwargs):
    kept = [np.empty(16 << 20, np.uint8) for _ in range(96)]
    assert len(kept) == 96
    return right(*args, **kwargs)
